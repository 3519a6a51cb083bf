"""`hub card slot`, `hub card good`, `hub card clock`: which slot starts, and what time it was."""

from datetime import UTC, datetime
from pathlib import Path

import click

from content_packs.console import note, print_json
from hub.card import clock as card_clock
from hub.card import slots
from hub.card.boot_partition import BOOT_DIR
from hub.cli.options import json_option, with_hub
from hub.settings import HubPaths

_boot_option = click.option(
    "--boot", "boot_dir", metavar="DIR", type=click.Path(path_type=Path), default=BOOT_DIR, show_default=True,
    help="Where the boot partition is mounted.",
)  # fmt: skip


@click.command()
@click.option(
    "--try", "tried", type=click.Choice(slots.SLOTS), help="Put this slot on trial from the next start."
)
@_boot_option
@json_option
def slot(boot_dir: Path, tried: slots.Slot | None, as_json: bool) -> None:
    """Show which slot runs and which starts next, or put the other one on trial."""
    running = slots.running_slot()
    state = slots.try_slot(boot_dir, tried, running=running) if tried else slots.read_slots(boot_dir)
    if as_json:
        print_json(_to_dict(boot_dir, state, running))
    else:
        click.echo(_line(boot_dir, state, running))


@click.command()
@_boot_option
@json_option
def good(boot_dir: Path, as_json: bool) -> None:
    """Keep the slot that runs: it is healthy, and its trial is over."""
    running = slots.running_slot()
    state = slots.mark_good(boot_dir, running=running)
    slots.end_trial()
    if as_json:
        print_json(_to_dict(boot_dir, state, running))
    else:
        note(_line(boot_dir, state, running))


@click.command()
@click.option("--save", is_flag=True, help="Keep the time for the next start.")
@click.option(
    "--restore", is_flag=True, help="Set the clock, if it is behind what is known (without options, too)."
)
@click.option(
    "--card", "card_dir", metavar="DIR", type=click.Path(path_type=Path), default=card_clock.CARD_DIR,
    show_default=True, help="Where the card keeps what is its own.",
)  # fmt: skip
@with_hub
def clock(paths: HubPaths, card_dir: Path, save: bool, restore: bool) -> None:
    """Keep the time, or set a clock that is behind: a Raspberry Pi has none that runs without power."""
    if save and restore:
        raise click.UsageError("--save and --restore exclude each other")
    now = datetime.now(UTC)
    if save:
        kept = card_clock.keep_time(card_dir, paths.trust, now=now)
        note(f"kept for the next start: {kept.isoformat(timespec='seconds')}")
        return
    known = card_clock.time_to_set(card_dir, paths.trust, now=now)
    if known is None:
        note(f"the clock may be right: {now.isoformat(timespec='seconds')}")
        return
    card_clock.set_clock(known)
    note(
        f"the clock said {now.isoformat(timespec='seconds')}; "
        f"set to the newest time known, {known.isoformat(timespec='seconds')}"
    )


def _to_dict(boot_dir: Path, state: slots.SlotState | None, running: slots.Slot) -> dict[str, object]:
    return {
        "format": 1,
        "running": running,
        "next": slots.named_slot((boot_dir / slots.CONFIG).read_bytes()),
        "trial": state.slot if state and state.trying else None,
        "tries": state.tries if state and state.trying else None,
        "failed": state.failed if state else None,
    }


def _line(boot_dir: Path, state: slots.SlotState | None, running: slots.Slot) -> str:
    named = slots.named_slot((boot_dir / slots.CONFIG).read_bytes())
    words = [f"slot {running} runs", f"slot {named} starts next"]
    if state and state.trying:
        words.append(f"slot {state.slot} is on trial, {state.tries} starts left")
    if state and state.failed:
        words.append(f"slot {state.failed} failed last time")
    return "; ".join(words)

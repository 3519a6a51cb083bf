"""`hub card update`, `hub card health`: new versions of the hub itself, and whether they work."""

import os
import subprocess
from datetime import UTC, datetime

import click

from content_packs.console import note, print_json
from content_packs.errors import LocalError
from hub.card import health as card_health
from hub.card import slots, software
from hub.card import update as updating
from hub.card.places import CardPlaces
from hub.cli.options import json_option, with_hub
from hub.settings import HubPaths, read_settings

# What runs all the time with our software; what is started anew each time needs nothing.
SERVICES = ("hub-portal", "hub-door", "hub-network", "hub-announce", "hub-kolibri")
LAUNCHER = "/usr/bin/hub"
_HEALTH_S = 90.0
_SYSTEMCTL_S = 120.0


class Machine:
    """The card's own systemd and launcher."""

    def __init__(self, paths: HubPaths) -> None:
        self._paths = paths

    def restart_services(self) -> None:
        """Start again what runs; what does not run stays so."""
        self._systemctl("--no-block", "try-restart", *(f"{name}.service" for name in SERVICES))

    def is_healthy(self) -> str:
        """Let the version that the launcher takes look at the hub."""
        command = [LAUNCHER, "--dir", str(self._paths.dir), "card", "health"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_HEALTH_S, check=False)
        except subprocess.TimeoutExpired:
            return f"`hub card health` did not end within {_HEALTH_S:.0f} s"
        except OSError as error:
            return str(error)[:300]
        last = (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1]
        return last[:300] if done.returncode else ""

    def failing_now(self) -> tuple[str, ...]:
        """Look at the hub as it is."""
        return card_health.look(self._paths, read_settings(self._paths)).failing

    def reboot(self) -> None:
        """Start the machine again."""
        os.sync()
        self._systemctl("--no-block", "reboot")

    def _systemctl(self, *words: str) -> None:
        try:
            done = subprocess.run(
                ["systemctl", *words], capture_output=True, text=True, timeout=_SYSTEMCTL_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LocalError(f"systemctl {words[-1]}: {error}") from error
        if done.returncode:
            raise LocalError(f"systemctl {words[-1]}: {done.stderr.strip()[:300]}")


@click.command("update")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--again", is_flag=True, help="Try a version again that did not become healthy.")
@click.option("--restart", is_flag=True, help="Start again at once where a new image waits for it.")
@json_option
@with_hub
def update(paths: HubPaths, dry_run: bool, again: bool, restart: bool, as_json: bool) -> None:
    """Take new versions of the hub itself from the packs of kind software and image that are installed.

    Software is tried at once, and taken back where the hub does not become healthy with it. An image is
    written into the other slot; it is tried when the hub starts next, which it does by itself only at night
    with nobody in its Wi-Fi.
    """
    slots.running_slot()  # says that this is no card, before anything else
    places = CardPlaces()
    work = updating.Updating(places, read_settings(paths), Machine(paths), datetime.now(UTC), note)
    if dry_run:
        _show_plan(work.plan(again=again), as_json=as_json)
        return
    known = work.run(again=again)
    is_restarting = work.restart_if_nobody_minds(asked=restart)
    if as_json:
        print_json(known.to_dict() | {"restarting": is_restarting})
        return
    for item in known.items:
        click.echo(
            f"{item.kind:9} {item.pack_id} v{item.version} ({item.name}): {item.state}  {item.why}".rstrip()
        )
    if not known.items:
        click.echo("No update of the hub itself is installed.")


def _show_plan(steps: list[updating.Step], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "format": 1,
                "steps": [
                    {
                        "kind": step.pack.kind,
                        "id": step.pack.pack_id,
                        "version": step.pack.version,
                        "done": step.is_done,
                        "refused": step.refused,
                        "waits": step.waits,
                    }
                    for step in steps
                ],
            }
        )
        return
    for step in steps:
        what = (
            "runs already"
            if step.is_done
            else f"not taken: {step.refused}"
            if step.refused
            else step.waits or "to be tried"
        )
        click.echo(f"{step.pack.kind:9} {step.pack.pack_id} v{step.pack.version}: {what}")
    if not steps:
        click.echo("No update of the hub itself is installed.")


@click.command("health")
@json_option
@with_hub
def health(paths: HubPaths, as_json: bool) -> int:
    """Look whether this version of the hub works: portal, DNS, Wi-Fi, databases; then keep it.

    What is on trial is kept where nothing fails but what failed before it came. Exit code
    74 where something does.
    """
    running = slots.running_slot()
    places = CardPlaces()
    found = card_health.look(paths, read_settings(paths))
    state = slots.read_slots(places.boot)
    trial = software.read_installed(places.software).on_trial
    is_trial = trial is not None or bool(state and state.trying)
    wrong = found.newly_failing(updating.read_failing(places)) if is_trial else found.failing
    if not wrong:
        _keep(places, running, trial)
    if as_json:
        print_json({"format": 1, "healthy": not wrong, "checks": dict(found.checks), "trial": is_trial})
    elif wrong:
        note(f"not healthy: {found.why(wrong)}")
    else:
        note("healthy")
    return os.EX_IOERR if wrong else 0


def _keep(places: CardPlaces, running: slots.Slot, trial: software.Trial | None) -> None:
    slots.mark_good(places.boot, running=running)
    slots.end_trial()
    if trial is not None and updating.running_software(places) == trial.number:
        software.commit(places.software)
    updating.settle(places, now=datetime.now(UTC))

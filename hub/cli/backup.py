"""`hub backup`, `hub restore`: what a hub has and nobody can make again, in one file."""

from pathlib import Path
from typing import Any

import click

from content_packs.console import note, print_json, size_text
from content_packs.errors import BusyError, UsageError, local_error
from hub.backup.make import make_backup
from hub.backup.restore import Found, check_backup, finish, stage
from hub.cli.options import json_option, with_hub
from hub.clock import hub_now
from hub.runner.task import card_dir
from hub.services import read_service
from hub.settings import HubPaths, read_settings

_RUNNING = ("portal", "kolibri", "sync")  # what writes where a restore writes
_MAX_CODE = 4000

_code_option = click.option(
    "--code-file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Its first line is the code that seals the backup.",
)


@click.command("backup")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@_code_option
@json_option
@with_hub
def backup(paths: HubPaths, file: Path, code_file: Path | None, as_json: bool) -> None:
    """Write FILE: settings, keys, accounts, Kolibri's learners and progress, reports; no packs.

    Safe while the hub runs. Without a code, whoever has FILE can read everything in it.
    """
    settings = read_settings(paths)
    made = make_backup(
        *(paths, settings, file),
        now=hub_now(paths.trust),
        code=_read_code(code_file),
        card_dir=card_dir(),
    )
    if as_json:
        sealed = {"sealed": made.is_sealed}
        print_json(
            {"format": 1, "file": str(file), "files": made.files, "size_bytes": made.size_bytes} | sealed
        )
        return
    click.echo(f"{file}: {made.files} files, {size_text(made.size_bytes)}")
    if not made.is_sealed:
        note("It is not sealed: it holds keys and personal data. Keep it locked away.")


@click.command("restore")
@click.argument("file", metavar="FILE", required=False, type=click.Path(path_type=Path, dir_okay=False))
@_code_option
@click.option("--dry-run", is_flag=True, help="Check every byte of FILE, say what is in it, change nothing.")
@click.option("--finish", "only_finish", is_flag=True, help="Go on with a restore that a power cut stopped.")
@json_option
@with_hub
def restore(
    paths: HubPaths,
    file: Path | None,
    code_file: Path | None,
    dry_run: bool,
    only_finish: bool,
    as_json: bool,
) -> None:
    """Bring back what FILE holds, onto this hub or a new card; packs come with the next sync.

    Everything is checked before anything is changed.
    """
    if only_finish:
        if file is not None:
            raise UsageError("--finish takes no FILE", hint="Leave one of them out.")
        count = finish(paths, card_dir=card_dir())
        note(f"{count} files were put in their place" if count else "there is no restore to finish")
        return
    if file is None:
        raise UsageError("which backup? no FILE is given", hint="Say `hub restore FILE`.")
    found = _restore(paths, file, _read_code(code_file), dry_run=dry_run)
    if as_json:
        print_json(_to_dict(found, dry_run=dry_run))
    else:
        _render(found, file, dry_run=dry_run)


def _restore(paths: HubPaths, file: Path, code: str, *, dry_run: bool) -> Found:
    card = card_dir()
    try:
        paths.dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise local_error(error, f"making {paths.dir}") from error
    if dry_run:
        return check_backup(file, paths, code=code, card_dir=card)
    for name in _RUNNING:
        if read_service(paths, name) is not None:
            raise BusyError(f"{name} of this hub runs", hint="Stop it, then restore.")
    found = stage(file, paths, code=code, card_dir=card)
    finish(paths, card_dir=card)
    return found


def _render(found: Found, file: Path, *, dry_run: bool) -> None:
    header = found.header
    click.echo(f"{file}: {header.hub_id} {header.school}, of {header.taken_at}: whole")
    click.echo(f"{'would restore' if dry_run else 'restored'} {len(found.files)} files")
    for name in found.left_out:
        note(f"left out, this machine has no place for it: {name}")
    if not dry_run:
        click.echo("Run `hub sync`, or bring a stick: packs are not in a backup.")


def _to_dict(found: Found, *, dry_run: bool) -> dict[str, Any]:
    header = found.header
    return {
        "format": 1,
        "dry_run": dry_run,
        "hub_id": header.hub_id,
        "school": header.school,
        "taken_at": header.taken_at,
        "software": header.software,
        "sealed": header.is_sealed,
        "files": list(found.files),
        "left_out": list(found.left_out),
        "size_bytes": found.size_bytes,
    }


def _read_code(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            code = file.readline(_MAX_CODE).strip()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file", hint="Give a file whose first line is the code.") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    if not code:
        raise UsageError(f"{path}: its first line is empty", hint="Write the code there.")
    return code

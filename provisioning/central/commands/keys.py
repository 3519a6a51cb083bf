"""`central keys`: which keys there are, and what to do when one is old, lost or stolen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central.commands.options import dry_run_option, json_option, now, with_office
from provisioning.central.key_copies import copy_keys, is_offline, plan_copies
from provisioning.central.keylist import Advice, KeyState, advise, list_keys
from provisioning.central.keys import OFFLINE_KEYS
from provisioning.central.office import Office, changing
from provisioning.central.rotation import Rotated, check_names, rotate
from provisioning.central.usb import require_mounted

COMMANDS = console.Commands(
    {
        "export": f"{__name__}:export",
        "list": f"{__name__}:list_command",
        "passphrase": f"{__name__}:passphrase",
        "recover": f"{__name__}:recover",
        "rotate": f"{__name__}:rotate_command",
    }
)


@click.group("keys", commands=COMMANDS)
def keys() -> None:
    """Look after the keys that sign what hubs do: docs/howto/keys.en.md.

    Keys on sticks are found where `central --key-dir FOLDER` says. A passphrase is asked for when its key is
    needed.
    """


@click.command("list")
@json_option
@with_office
def list_command(office: Office, as_json: bool) -> None:
    """Say which keys there are, what each signs, where it lies, and what should be done about it."""
    found = list_keys(office)
    advice = list(advise(found, now=now()))
    if as_json:
        keys = [_to_dict(key) for key in found]
        console.print_json({"format": 1, "keys": keys, "advice": list_advice(advice)})
        return
    for key in found:
        click.echo(_line(key))
    note_advice(advice)


def list_advice(advice: Iterable[Advice]) -> list[dict[str, str]]:
    """Return the same for a program: docs/reference/json.md."""
    return [{"code": each.code, "key": each.name, "text": each.text, "hint": each.hint} for each in advice]


def note_advice(advice: Iterable[Advice]) -> None:
    """Tell a person what should be done about keys."""
    for each in advice:
        console.note(f"warning: {each.text}")
        console.note(f"  next: {each.hint}")


def _to_dict(key: KeyState) -> dict[str, object]:
    return {
        "name": key.name,
        "signs": key.signs,
        "offline": key.is_offline,
        "places": [str(place) for place in key.places],
        "encrypted": key.is_encrypted,
        "known": key.is_known,
        "fresh_until": None if key.fresh_until is None else key.fresh_until.isoformat(),
    }


def _line(key: KeyState) -> str:
    lock = (
        "" if not key.is_offline or not key.places else " with a passphrase" if key.is_encrypted else " OPEN"
    )
    where = ", ".join(map(str, key.places)) or ("not here" if key.is_offline else "MISSING")
    until = f"; fresh until {key.fresh_until:%Y-%m-%d}" if key.fresh_until else ""
    return f"{key.name:12}  {key.signs}{until}\n{'':14}{where}{lock}"


@click.command("rotate")
@click.argument("names", metavar="KEY...", nargs=-1, required=True)
@dry_run_option
@json_option
@with_office
def rotate_command(office: Office, names: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Replace each KEY by a new one; hubs follow by themselves, however long they were away.

    KEY is root-1, root-2, root-3, targets, packs, assignments, snapshot, timestamp, seal or publisher-NAME.
    All of it is first done on a copy, with keys that are then thrown away, and read there by the program that
    hubs run: by hubs that know the present state, by new ones, and without heads. --dry-run ends after that.
    For a key of the root, targets, snapshot and timestamp two root keys must be here; for the others the key
    targets. The new key lies where the former one did, which is gone.
    """
    check_names(office, names)
    done = []
    for name in names:
        done.append(rotate(office, name, now=now(), dry_run=dry_run))
        if not as_json:
            _tell(done[-1])
    if as_json:
        _print(done, dry_run=dry_run)


@click.command("recover")
@click.argument("name", metavar="KEY")
@click.option(
    "--into",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the new key is made [default: the folder keys of the installation].",
)
@dry_run_option
@json_option
@with_office
def recover(office: Office, name: str, into: Path | None, dry_run: bool, as_json: bool) -> None:
    """Replace KEY, which is lost or whose passphrase nobody knows, with the help of the others.

    As `rotate`, but the former key is not needed. One lost key of the root is replaced by the two others.
    Where two of the three are lost, no key of the root, nor targets, snapshot and timestamp, can be replaced.
    """
    if into is not None and not into.is_dir():
        raise UsageError(f"{into}: no such folder", hint="Name the folder of a stick that is mounted.")
    if into is not None:
        office = replace(office, access=replace(office.access, folders=(*office.access.folders, into)))
    done = rotate(office, name, now=now(), lost=True, into=into, dry_run=dry_run)
    if as_json:
        _print([done], dry_run=dry_run)
    else:
        _tell(done)


def _print(done: Sequence[Rotated], *, dry_run: bool) -> None:
    rows = [
        {
            "key": each.name,
            "file": None if each.place is None else str(each.place),
            "encrypted": each.is_encrypted,
            "root": {"before": each.roots[0], "after": each.roots[1]},
            "signed": list(each.signed),
            "hubs_tried": each.hubs,
        }
        for each in done
    ]
    console.print_json({"format": 1, "dry_run": dry_run, "keys": rows})


def _tell(done: Rotated) -> None:
    before, after = done.roots
    if done.rehearsed:
        click.echo("dry run, nothing was changed:")
    click.echo(f"{done.name}: {'would be' if done.rehearsed else 'was'} replaced")
    if after != before:
        click.echo(f"  the root: version {before} → {after}")
    click.echo(f"  signed anew: {console.count_text(len(done.signed), 'file')}")
    known = f"{console.count_text(done.hubs, 'hub')} of the fleet, and " if done.hubs else ""
    click.echo(f"  read and found right by {known}a new one")
    if done.place is not None:
        click.echo(f"  the new key: {done.place}")
        if done.name in OFFLINE_KEYS or done.name.startswith("publisher-"):
            console.note(
                "next: copy it onto the other sticks that hold this key; the former one is worthless"
            )
            if not done.is_encrypted:
                console.note(f"warning: it has no passphrase: central keys passphrase {done.name}")


@click.command("passphrase")
@click.argument("name", metavar="KEY")
@dry_run_option
@json_option
@with_office
def passphrase(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """Give the file of an offline KEY a passphrase, or another one.

    In a terminal it is asked for; otherwise the first line of --passphrase-file is the new one, and all are
    tried on the file as it is. --dry-run tries the present one and looks at the new one.
    """
    if not is_offline(name):
        raise UsageError(
            f"{name}: online keys have no passphrase: commands that run by themselves need them",
            hint=f"With one: {', '.join(OFFLINE_KEYS)}, publisher-NAME.",
        )
    ring = office.open_keys()
    ring.require(name)
    chosen = office.access.passphrases.choose(name)
    if not chosen:
        raise UsageError(
            "no new passphrase was given", hint="Run it in a terminal, or say --passphrase-file."
        )
    with changing(office, "keys passphrase"):  # a rotation may just have put another key there
        path = ring.lock(name, chosen, keep=not dry_run)
    if as_json:
        values = {"key": name, "file": str(path), "encrypted": True}
        console.print_json({"format": 1, "dry_run": dry_run, **values})
    elif dry_run:
        click.echo(f"dry run, nothing was changed:\n{path}: would need this passphrase")
    else:
        click.echo(f"{path}: needs this passphrase now")
        console.note("next: copy it onto the other sticks that hold this key, over the former file")


@click.command("export")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.argument("names", metavar="KEY...", nargs=-1, required=True)
@click.option("--move", is_flag=True, help="Delete the keys here, once FOLDER holds them.")
@dry_run_option
@json_option
@with_office
def export(
    office: Office, folder: Path, names: tuple[str, ...], move: bool, dry_run: bool, as_json: bool
) -> None:
    """Copy offline keys into FOLDER, such as a stick's, read them back and compare.

    With --move they lie there alone. Experts may still find them on a disk of this computer: that is what
    passphrases are for. A key that hubs know is not replaced by an older one.
    """
    require_mounted(folder)
    with changing(office, "keys export"):
        copies = plan_copies(office, folder, names)
        if not dry_run:
            copy_keys(copies, move=move)
    if as_json:
        files = [str(target) for _, target in copies]
        console.print_json({"format": 1, "dry_run": dry_run, "files": files, "moved": move and not dry_run})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    done = "moved" if move else "copied"
    for path, target in copies:
        click.echo(
            f"{target}: would be {done} from {path}" if dry_run else f"{target}: {done}, read back, the same"
        )

"""Each command of `central`: what writes can be tried with --dry-run, what reads writes nothing."""

import json

import click
import pytest
from click.testing import CliRunner

from provisioning.central.cli import cli
from support.office import OfficeAtWork, new_key

LONG_PASSPHRASE = "four words nobody knows"

# What only reads, each as one would type it; `{}` is a folder with the office and what it is given.
READS = {
    "alerts": "alerts",
    "audit": "audit",
    "filter appeals": "filter appeals",
    "filter explain": "filter explain casino.example",
    "filter lists": "filter lists",
    "filter policies": "filter policies",
    "fleet": "fleet",
    "host-keys list": "host-keys list",
    "hubs": "hubs",
    "keys list": "keys list",
    "packs": "packs",
    "people list": "people list",
    "publishers list": "publishers list",
    "report": "report 2026-11",
    "rings": "rings",
    "rollout status": "rollout status",
    "school": "school h-1",
}
WRITES = {
    "alerts ack": "alerts ack never h-1",
    "assign": "assign maths --hub h-1",
    "card": "card Нова -o {}/new.txt",
    "enrol": "enrol h-2 {}/h.pub --school Школа",
    "filter answer": "filter answer casino.example --allow",
    "filter compile": "filter compile",
    "filter list add": "filter list add more {}/names --category ads",
    "filter list remove": "filter list remove spare",
    "filter policy remove": "filter policy remove primary",
    "filter policy set": "filter policy set other --block ads",
    "gc": "gc",
    "host-keys add": "host-keys add {}/h.pub",
    "host-keys retire": "host-keys retire {key}",
    "ingest": "ingest",
    "keys export": "keys export {} packs --move",
    "keys passphrase": "keys passphrase packs",
    "keys recover": "keys recover assignments",
    "keys rotate": "keys rotate seal",
    "notes": "notes h-1 --add слово",
    "people add": "people add petro --role viewer --link",
    "people link": "people link olena",
    "people remove": "people remove olena",
    "people role": "people role olena --role publisher",
    "people sign-out": "people sign-out olena",
    "publish": "publish {}/built/spare/built-2",
    "publishers add": "publishers add kyiv --prefix kyiv-",
    "publishers revoke": "publishers revoke lviv --withdraw",
    "replace": "replace h-1 -o {}/new.txt",
    "revoke": "revoke h-1",
    "rings move": "rings move h-1 pilot",
    "rollout abort": "rollout abort 1",
    "rollout finish": "rollout finish 1",
    "rollout pause": "rollout pause 1",
    "rollout release": "rollout release games",
    "rollout resume": "rollout resume 2",
    "rollout roll-back": "rollout roll-back 1",
    "rollout start": "rollout start spare --stages all",
    "rollout tick": "rollout tick",
    "unassign": "unassign maths --ring all",
    "usb": "usb {}/stick",
    "withdraw": "withdraw maths@1",
}
ON_A_DEPOTS_HOST = {"host-keys rotate", "sshd-config"}  # tests/flows/test_depot_host.py tries these
EXCEPTIONS = {
    "doctor": "really connects, leaves nothing, and changes nothing that stays",
    "init": "makes one new folder, and refuses one that holds anything",
    "serve": "runs until it is stopped, and prints an address",
}


def walk(command, path=(), parent=None):
    """Yield every command that can be typed, as ("keys rotate", names of its parameters)."""
    context = click.Context(command, info_name=path[-1] if path else "central", parent=parent)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from walk(command.get_command(context, name), (*path, name), context)
    if not isinstance(command, click.Group) or (path and command.invoke_without_command):
        yield " ".join(path), {parameter.name for parameter in command.params}


PACKS = ("maths", "lesson", "games", "spare")  # with rollouts that run, are paused, and have ended, and none
COMMANDS = dict(walk(cli))


def test_every_command_speaks_json_and_what_writes_can_be_tried():
    assert len(COMMANDS) > 60
    without_json = {name for name, options in COMMANDS.items() if "as_json" not in options}
    assert without_json == {"serve"}
    tried = {name for name, options in COMMANDS.items() if "dry_run" in options}
    assert tried == {*WRITES, *ON_A_DEPOTS_HOST}
    assert set(COMMANDS) == {*tried, *READS, *EXCEPTIONS}, "a new command: does it write?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An office with something of everything."""
    folder = tmp_path_factory.mktemp("every")
    work = OfficeAtWork.found(folder / "central")
    for pack in PACKS:
        work.publish(work.build(pack, 1))
        work.build(pack, 2)
    work.enrol()
    for pack in PACKS[:-1]:
        work.assign(pack, ring="all")
    (folder / "h.pub").write_text(new_key())
    (folder / "next.pub").write_text(new_key())
    (folder / "names").write_text("ads.example\n")
    (folder / "secret").write_text(LONG_PASSPHRASE)
    run(folder, "card Школа --hub-id h-9 --depot sftp://depot.example/ --host-key {}/h.pub -o {}/card.txt")
    run(folder, "host-keys add {}/next.pub")
    shown, _ = json.loads(run(folder, "host-keys list --json"))["host_keys"]
    (folder / "fingerprint").write_text(shown["fingerprint"])
    for line in (
        "filter list add ads {}/names --category ads",
        "filter list add spare {}/names --category games",
        "filter policy set primary --block ads",
        "publishers add lviv --prefix lviv-",
        "people add olena --role viewer --link",
        "publish {}/built/maths/built-2 --stages all",
        "publish {}/built/lesson/built-2 --stages all",
        "publish {}/built/games/built-2 --stages all",
        "rollout pause 2",
        "rollout abort 3",
    ):
        run(folder, line)
    return folder


def run(folder, line, *more):
    if "{key}" in line:
        line = line.replace("{key}", (folder / "fingerprint").read_text())
    words = [word.replace("{}", str(folder)) for word in line.split()]
    options = ["--dir", str(folder / "central"), "--passphrase-file", str(folder / "secret")]
    done = CliRunner().invoke(cli, [*options, *words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def tree(folder):
    """Everything that lies there, but locks, and what SQLite needs to read its files."""
    paths = (path for path in folder.rglob("*") if not path.name.endswith(("-shm", "-wal", ".lock")))
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


@pytest.mark.parametrize("name", WRITES)
def test_a_dry_run_changes_nothing_and_says_so(folder, name):
    before = tree(folder)
    told = json.loads(run(folder, WRITES[name], "--dry-run", "--json"))
    assert (told["format"], told["dry_run"]) == (1, True)
    assert "dry run, nothing was changed" in run(folder, WRITES[name], "--dry-run")
    assert tree(folder) == before


@pytest.mark.parametrize("name", READS)
def test_what_reads_changes_nothing(folder, name):
    before = tree(folder)
    assert json.loads(run(folder, READS[name], "--json"))["format"] == 1
    assert tree(folder) == before

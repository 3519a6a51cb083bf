"""The command `central` as scripts see it: JSON on stdout, reasons on stderr, exit codes of DESIGN §11."""

import json
import re
import sys

import pytest

from provisioning.central.cli import main
from support.built import build
from support.office import new_key


@pytest.fixture
def central(tmp_path, monkeypatch, capsys):
    """Run `central` with arguments; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CENTRAL_DIR", raising=False)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["central", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture
def office(central, tmp_path, monkeypatch):
    """An installation in ./central named by $CENTRAL_DIR, a key in ./h.pub, two built packs."""
    assert central("init", "central", "--hash-bits", "1")[0] == 0
    monkeypatch.setenv("CENTRAL_DIR", str(tmp_path / "central"))
    (tmp_path / "h.pub").write_text(new_key() + " a comment\n")
    for version in (1, 2):
        build(
            tmp_path,
            {"index.html": b"<html lang=uk><title>x</title><p>%d</p>" % version},
            id="maths",
            version=version,
        )
    return tmp_path


def as_json(result):
    code, out, err = result
    assert code == 0, err
    document = json.loads(out)
    assert document["format"] == 1
    return document


def test_from_init_to_a_hub_that_has_its_pack(central, office):
    assert as_json(central("publish", "built-1", "--json"))["published"] == ["maths@1"]
    enrolled = as_json(central("enrol", "h-1", "h.pub", "--school", "Школа 1", "--ring", "pilot", "--json"))
    assert (enrolled["school"], enrolled["ring"]) == ("Школа 1", "pilot")
    assigned = as_json(central("assign", "maths", "--ring", "pilot", "--json"))
    assert assigned["changes"] == [{"hub": "h-1", "pack": "maths", "from": None, "to": 1}]
    again = as_json(central("publish", "built-1", "built-2", "--json"))
    assert (again["published"], again["already"]) == (["maths@2"], ["maths@1"])
    assert again["changes"] == [{"hub": "h-1", "pack": "maths", "from": 1, "to": 2}]
    [hub] = as_json(central("hubs", "--json"))["hubs"]
    assert (hub["hub_id"], hub["packs"], hub["revoked_at"]) == ("h-1", {"maths": 2}, None)
    assert as_json(central("withdraw", "maths@2", "--json"))["changes"][0]["to"] == 1
    packs = as_json(central("packs", "--json"))["packs"]
    assert [(p["id"], p["version"], bool(p["withdrawn_at"])) for p in packs] == [
        ("maths", 1, False),
        ("maths", 2, True),
    ]
    stick = as_json(central("usb", "stick", "--json"))
    assert (stick["packs"], stick["hubs"]) == (["maths@1"], ["h-1"])
    assert as_json(central("unassign", "maths", "--ring", "pilot", "--json"))["changes"][0]["to"] is None
    assert central("revoke", "h-1")[0] == 0


@pytest.mark.parametrize("where", ["before", "after"])
def test_dir_may_stand_before_or_after_the_command(central, office, monkeypatch, where):
    monkeypatch.delenv("CENTRAL_DIR")
    given = ("--dir", "central")
    arguments = (*given, "packs", "--json") if where == "before" else ("packs", *given, "--json")
    assert as_json(central(*arguments))["packs"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("publish", "built-1"),
        ("withdraw", "maths@1"),
        ("assign", "maths@1", "--ring", "all"),
        ("unassign", "maths", "--ring", "all"),
        ("usb", "stick"),
        ("gc", "--grace-days", "1"),
    ],
)
def test_dry_run_changes_nothing(central, office, arguments):
    if arguments[0] != "publish":
        central("publish", "built-1")
        central("enrol", "h-1", "h.pub", "--school", "S")
        central("assign", "maths", "--ring", "all")

    def tree():
        return {
            p: p.read_bytes() for p in office.rglob("*") if p.is_file() and not p.name.startswith("fleet.db-")
        }

    before = tree()
    assert as_json(central(*arguments, "--dry-run", "--json"))["dry_run"] is True
    assert "dry" in central(*arguments, "--dry-run")[1] or arguments[0] == "usb"
    assert tree() == before


BAD = {
    "init of a folder in use": (("init", "."), 64, "not an empty folder"),
    "init without a folder": (("init",), 64, "Missing argument"),
    "publish of nothing": (("publish",), 64, "Missing argument"),
    "publish of what is no pack": (("publish", "central"), 64, "not a built pack"),
    "publish of a damaged pack": (("publish", "damaged"), 65, "expected SHA-256"),
    "withdraw without a version": (("withdraw", "maths"), 64, "which version?"),
    "withdraw of the unknown": (("withdraw", "maths@9"), 64, "was never published"),
    "enrol without a school": (("enrol", "h-1", "h.pub"), 64, "--school"),
    "enrol with an empty school": (("enrol", "h-1", "h.pub", "--school", " "), 64, "--school"),
    "enrol with a bad id": (("enrol", "H 1", "h.pub", "--school", "S"), 64, "hub id 'H 1'"),
    "enrol without a key": (("enrol", "h-1", "none.pub", "--school", "S"), 64, "no such file"),
    "enrol with no key in the file": (
        ("enrol", "h-1", "central/fleet.db", "--school", "S"),
        64,
        "expected one line",
    ),
    "revoke of the unknown": (("revoke", "h-9"), 64, "no hub h-9 was ever enrolled"),
    "assign to nobody": (("assign", "maths"), 64, "--ring RING or --hub HUB_ID"),
    "assign of the unknown": (("assign", "moths", "--ring", "all"), 64, "no pack moths"),
    "assign of nonsense": (("assign", "M@x", "--ring", "all"), 64, "PACK@VERSION"),
    "unassign of the unknown": (("unassign", "moths", "--ring", "all"), 64, "no pack moths"),
    "usb for an unknown hub": (("usb", "stick", "--hub", "h-9"), 64, "no hub h-9"),
    "usb onto a file": (("usb", "h.pub"), 64, "is a file"),
    "an unknown command": (("publsh",), 64, "No such command"),
    "another folder": (("--dir", "/nowhere", "packs"), 64, "no central installation there"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_explained_and_changes_nothing(central, office, what):
    arguments, code, message = BAD[what]
    (office / "built-2").rename(office / "damaged")
    blocks = office / "damaged/blocks.000"
    blocks.write_bytes(blocks.read_bytes()[:-1] + b"\0")
    before = sorted(p for p in office.rglob("*") if "fleet.db-" not in p.name)
    got, out, err = central(*arguments)
    assert got == code, err
    assert message in err, err
    assert "Traceback" not in err
    assert out == ""
    assert sorted(p for p in office.rglob("*") if "fleet.db-" not in p.name) == before


def test_no_installation_named(central):
    code, _, err = central("packs")
    assert (code, "no --dir and no $CENTRAL_DIR" in err) == (64, True)


def test_damaged_database_is_a_fault_of_this_machine(central, office):
    (office / "central/fleet.db").write_bytes(b"not a database at all" * 100)
    code, _, err = central("packs")
    assert code == 74
    assert "restore it from a backup" in err


def test_offline_key_in_the_safe_is_asked_for(central, office):
    (office / "central/keys/offline").rename(office / "safe")
    code, _, err = central("publish", "built-1")
    assert code == 74
    assert "packs.pem is not here" in err


def test_dry_run_needs_no_key_and_says_what_would_be(central, office):
    central("publish", "built-1")
    (office / "central/keys/offline").rename(office / "safe")
    assert "maths@2: would be published" in central("publish", "built-2", "--dry-run")[1]
    assert "maths@1: would be withdrawn" in central("withdraw", "maths@1", "--dry-run")[1]


def test_lists_say_the_time_as_people_read_it(central, office):
    central("publish", "built-1")
    assert re.search(r"published \d{4}-\d\d-\d\d \d\d:\d\d  ", central("packs")[1])
    central("enrol", "h-1", "h.pub", "--school", "Школа 1")
    central("revoke", "h-1")
    assert re.search(r"revoked \d{4}-\d\d-\d\d \d\d:\d\d$", central("hubs")[1].strip())


def test_one_hub_is_said_in_the_singular(central, office):
    central("enrol", "h-1", "h.pub", "--school", "Школа 1")
    assert central("usb", "stick")[1].splitlines()[0].endswith("for 1 hub")


def test_reports_are_not_looked_for_where_no_stick_is_mounted(central, office, monkeypatch):
    monkeypatch.setattr("provisioning.central.usb.MOUNT_FOLDERS", (office,))
    (office / "stick" / "inbox").mkdir(parents=True)
    code, _, err = central("ingest", "--from", "stick")
    assert code == 64
    assert "no stick is mounted there" in err


def test_gc_says_what_it_frees_and_why(central, office):
    central("publish", "built-1", "built-2")
    left = office / "central/depot/packs/maths/2/.blocks.000.tmp"
    left.write_bytes(b"half")
    told = central("gc", "--dry-run")[1]
    assert "dry run" in told
    assert "1 file, 4 B: its writing was cut" in told
    assert as_json(central("gc", "--json"))["files"] == [
        {"path": "packs/maths/2/.blocks.000.tmp", "size": 4, "why": "its writing was cut"}
    ]
    assert "0 B were freed" in central("gc")[1]
    assert not left.exists()


@pytest.mark.parametrize("days", [0, 10**24])
def test_gc_wants_some_grace(central, office, days):
    assert central("gc", "--grace-days", days)[0] == 64


def test_a_line_that_will_never_be_written_comes_after_all(central, office):
    central("people", "add", "olena", "--role", "viewer", "--link")
    assert as_json(central("audit", "--before", 10**24, "--json"))["entries"]


@pytest.mark.parametrize("words", ["people remove \udcd8", "card \udcd8 -o file"])
def test_what_a_terminal_in_another_code_page_sends_is_explained(central, office, words):
    central("people", "add", "olena", "--role", "viewer", "--link")
    code, _, said = central(*words.split())
    assert (code, "no UTF-8" in said, "next: Let the terminal" in said) == (64, True, True)
    assert not (office / "file").exists()

"""Keys in files: with passphrases, on sticks, and what `central keys` tells of them."""

import json
import os
import pty
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from content_packs.errors import LocalError, UsageError
from provisioning.central import key_copies, keyfile
from provisioning.central.cli import cli
from provisioning.central.key_copies import copy_keys, plan_copies
from provisioning.central.keylist import advise, list_keys
from provisioning.central.keys import OFFLINE_KEYS, KeyAccess, keyid_of
from provisioning.central.office import Office
from provisioning.central.passphrases import Passphrases
from provisioning.central.rotation import rotate
from support.office import HubTrust, OfficeAtWork

COMMAND = str(Path(sys.executable).with_name("central"))
WORDS = "korova ta siry kozy na luzi"
OTHER = "tryndyrynda 42 hrabli v sadu"


@pytest.fixture(autouse=True)
def _quick_kdf(monkeypatch):
    monkeypatch.setattr(keyfile, "KDF_ROUNDS", 1)


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    return OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


class Person:
    """Answers what is asked, and remembers it."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, question):
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else ""


def with_access(work, *folders, given=(), ask=None):
    access = KeyAccess(tuple(folders), Passphrases(given, ask))
    return OfficeAtWork(Office(work.office.dir, access), work.now, work.keys)


def lock(work, *names, words=WORDS):
    for name in names:
        work.office.open_keys().lock(name, words)


def run(work, *words, exit_code=0):
    done = CliRunner().invoke(cli, ["--dir", str(work.office.dir), *map(str, words)])
    assert (done.exit_code == 0) == (exit_code == 0), done.output
    return done


def test_a_key_with_a_passphrase_is_asked_for_once_when_it_is_needed(work):
    lock(work, "packs", "targets")
    person = Person(WORDS)
    office = with_access(work, ask=person)
    office.assign("maths")
    assert person.asked == [], "not needed"
    office.office.open_keys().require("packs")
    office.publish(work.build("maths", 2))
    office.publish(work.build("maths", 3))
    assert len(person.asked) == 1
    assert "the key packs" in person.asked[0]


def test_a_passphrase_that_was_given_is_tried_on_other_keys_before_anybody_is_asked(work):
    lock(work, *OFFLINE_KEYS)
    person = Person(WORDS)
    rotate(with_access(work, ask=person).office, "root-1", now=work.now)
    assert len([question for question in person.asked if question.startswith("Passphrase of")]) == 1


def test_a_wrong_passphrase_names_the_key_and_changes_nothing(work):
    lock(work, "packs")
    before = {path: path.read_bytes() for path in work.office.dir.rglob("*") if path.is_file()}
    person = Person("wrong", "wrong", "wrong", WORDS)
    with pytest.raises(LocalError, match=r"not the passphrase of the key packs \(.*packs\.pem\)"):
        with_access(work, ask=person).office.open_keys().require("packs")
    assert len(person.asked) == 3
    assert before == {path: path.read_bytes() for path in work.office.dir.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("given", "why"), [((), "a passphrase is needed"), (("wrong",), "does not open")])
def test_with_nobody_to_ask_it_says_how_to_give_one(work, given, why):
    lock(work, "packs")
    with pytest.raises(LocalError, match=f"{why}.* the key packs") as refused:
        with_access(work, given=given).office.open_keys().require("packs")
    assert "--passphrase-file" in refused.value.hint


def test_a_timer_that_only_assigns_is_not_stopped_by_a_locked_key_that_happens_to_be_here(work):
    lock(work, *OFFLINE_KEYS)
    work.now = work.now.replace(year=work.now.year + 2)
    work.unassign("maths")


def test_a_locked_file_cannot_be_used_and_tells_its_public_half(work):
    path = work.office.keys / "offline/packs.pem"
    keyid = keyid_of(path)
    assert keyfile.is_encrypted(path.read_bytes()) is False
    lock(work, "packs")
    assert keyid_of(path) == keyid
    data = path.read_bytes()
    assert keyfile.is_encrypted(data)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(keyfile.WrongPassphraseError):
        keyfile.decode_key(data, path, OTHER)


@pytest.mark.parametrize(
    "damage", [lambda d: b"", lambda d: d[:80], lambda d: d.replace(b"b3Bl", b"AAAA"), lambda d: b"x"]
)
@pytest.mark.parametrize("is_locked", [True, False])
def test_a_damaged_file_is_named(work, damage, is_locked):
    path = work.office.keys / "offline/packs.pem"
    if is_locked:
        lock(work, "packs")
    path.write_bytes(damage(path.read_bytes()) if is_locked else path.read_bytes()[:60])
    with pytest.raises(LocalError, match=r"packs\.pem"):
        with_access(work, ask=Person(WORDS)).office.open_keys().require("packs")


def test_each_root_key_may_lie_on_a_stick_of_its_own(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    sticks = []
    for name in OFFLINE_KEYS:
        stick = tmp_path / f"stick-{name}"
        stick.mkdir()
        run(work, "keys", "export", stick, name, "--move")
        sticks.append(stick)
    assert not list((work.office.keys / "offline").iterdir())
    with pytest.raises(LocalError, match="that hubs know is not here"):
        rotate(work.office, "root-2", now=work.now)
    office = with_access(work, *sticks)
    for name in ("root-2", "packs", "targets"):
        assert rotate(office.office, name, now=work.now).place == tmp_path / f"stick-{name}" / f"{name}.pem"
    office.publish(work.build("maths", 2))
    assert hub.offered(work.office.depot) == {"maths": 2}


def test_an_old_copy_of_a_key_is_not_put_over_the_one_that_hubs_know(work, tmp_path):
    stick, home = tmp_path / "stick", work.office.keys / "offline/packs.pem"
    stick.mkdir()
    run(work, "keys", "export", stick, "packs")
    old = home.read_bytes()
    rotate(work.office, "packs", now=work.now)
    new = home.read_bytes()
    run(work, "keys", "export", stick, "packs")
    assert (stick / "packs.pem").read_bytes() == new, "over the former one, which is worthless"
    home.write_bytes(old)
    refused = run(work, "keys", "export", stick, "packs", exit_code=64)
    assert "is the key packs that hubs know" in str(refused.exception)
    assert (stick / "packs.pem").read_bytes() == new


def test_a_damaged_key_is_not_put_over_a_good_copy(work, tmp_path):
    stick, home = tmp_path / "stick", work.office.keys / "offline/packs.pem"
    stick.mkdir()
    run(work, "keys", "export", stick, "packs")
    good = (stick / "packs.pem").read_bytes()
    home.write_bytes(good[:60])
    with pytest.raises(LocalError, match=r"offline/packs\.pem"):
        plan_copies(work.office, stick, ["packs"])
    assert (stick / "packs.pem").read_bytes() == good


@pytest.mark.parametrize("keeps", [True, False])
def test_a_key_is_overwritten_on_the_disk_only_once_the_stick_itself_gives_it_back(
    work, tmp_path, monkeypatch, keeps
):
    stick, home = tmp_path / "stick", work.office.keys / "offline/packs.pem"
    stick.mkdir()
    size, flushed, real = home.stat().st_size, [], os.fsync

    def fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_file():
            flushed.append((path, path.read_bytes()))
        real(descriptor)

    def lose(path):
        if not keeps:
            path.write_bytes(bytes(size))

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(key_copies, "forget_cached", lose)
    copies = plan_copies(work.office, stick, ["packs"])
    if keeps:
        copy_keys(copies, move=True)
    else:
        with pytest.raises(LocalError, match="gives back other bytes"):
            copy_keys(copies, move=True)
    assert ((home, bytes(size)) in flushed, home.exists()) == (keeps, not keeps)


def test_a_lost_key_is_made_anew_on_the_stick_that_is_named(work, tmp_path):
    stick = tmp_path / "stick"
    stick.mkdir()
    (work.office.keys / "offline/root-3.pem").unlink()
    told = json.loads(run(work, "keys", "recover", "root-3", "--into", stick, "--json").stdout)
    assert told["keys"][0]["file"] == str(stick / "root-3.pem")
    assert [key.is_known for key in list_keys(with_access(work, stick).office)] == [True] * 9


def test_the_list_says_what_has_to_be_done(work, tmp_path):
    old = (work.office.keys / "offline/packs.pem").read_bytes()
    rotate(work.office, "packs", now=work.now)
    (work.office.keys / "offline/packs.pem").write_bytes(old)
    (work.office.keys / "online/snapshot.pem").unlink()
    lock(work, "root-1")
    keys = list_keys(work.office)
    advice = [(each.code, each.name) for each in advise(keys, now=work.now)]
    assert advice[:2] == [("key-unknown", "packs"), ("key-missing", "snapshot")]
    assert ("key-open", "root-1") not in advice
    assert ("key-open", "root-2") in advice
    later = [each.code for each in advise(keys, now=work.now.replace(year=work.now.year + 1))]
    assert "key-stale" in later


def test_what_was_rotated_away_signs_nothing_and_says_so(work):
    path = work.office.keys / "offline/packs.pem"
    old = path.read_bytes()
    rotate(work.office, "packs", now=work.now)
    path.write_bytes(old)
    with pytest.raises(LocalError, match=r"packs\.pem is not the one that hubs know"):
        work.publish(work.build("maths", 2))


def test_new_keys_get_the_passphrase_that_is_given(tmp_path):
    words = tmp_path / "words"
    words.write_text(f"{WORDS}\n")
    folder = tmp_path / "central"
    done = CliRunner().invoke(cli, ["--passphrase-file", str(words), "init", str(folder)])
    assert done.exit_code == 0, done.output
    assert "no passphrases" not in done.output
    for path in (folder / "keys/offline").iterdir():
        assert keyfile.is_encrypted(path.read_bytes())
        keyfile.decode_key(path.read_bytes(), path, WORDS)
    for path in (folder / "keys/online").iterdir():
        assert not keyfile.is_encrypted(path.read_bytes())


def test_a_script_that_gives_none_is_warned(tmp_path):
    done = CliRunner().invoke(cli, ["init", str(tmp_path / "central")])
    assert done.exit_code == 0
    assert "warning: the offline keys have no passphrases" in done.output


def test_short_passphrases_are_refused(work, tmp_path):
    words = tmp_path / "words"
    words.write_text("short\n")
    done = CliRunner().invoke(cli, ["--passphrase-file", str(words), "init", str(tmp_path / "new")])
    assert isinstance(done.exception, UsageError)
    assert not (tmp_path / "new").exists()


def test_a_person_types_a_new_passphrase_twice(work):
    person = Person(OTHER, OTHER, "", "")
    passphrases = Passphrases(ask=person)
    assert passphrases.choose("root-1") == OTHER
    assert passphrases.choose("root-2") == OTHER, "Enter alone: the same"
    with pytest.raises(UsageError, match="not the same twice"):
        Passphrases(ask=Person(OTHER, WORDS)).choose("root-1")
    assert Passphrases(ask=Person("")).choose("root-1") == ""


def test_a_terminal_asks_and_shows_nothing_of_what_is_typed(tmp_path):
    child, terminal = pty.fork()
    if child == 0:
        os.execv(COMMAND, [COMMAND, "init", str(tmp_path / "central")])
    shown = b""
    typed = answered_at = 0
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:
            break
        if shown.endswith(b": ") and len(shown) > answered_at:
            typed, answered_at = typed + 1, len(shown)
            os.write(terminal, (WORDS if typed <= 2 else "").encode() + b"\n")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    assert WORDS.encode() not in shown
    assert keyfile.is_encrypted((tmp_path / "central/keys/offline/root-3.pem").read_bytes())


def test_the_keys_of_the_computer_are_replaced_by_one_command(work, tmp_path):
    hub = HubTrust(work.root_bytes, tmp_path / "trust")
    names = ["timestamp", "snapshot", "assignments", "seal"]
    told = json.loads(run(work, "keys", "rotate", *names, "--dry-run", "--json").stdout)
    assert (told["dry_run"], [each["root"]["after"] for each in told["keys"]]) == (True, [3, 3, 1, 1])
    assert "timestamp: was replaced" in run(work, "keys", "rotate", *names).stdout
    assert hub.offered(work.office.depot) == {"maths": 1}
    before = work.root_bytes
    run(work, "keys", "rotate", "packs", "pakcs", exit_code=64)
    assert work.root_bytes == before
    assert [key.name for key in list_keys(work.office) if not key.is_known] == []

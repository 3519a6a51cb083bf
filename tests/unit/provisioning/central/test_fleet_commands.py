"""Enrol, revoke, assign: what is refused, and what stands in the depot and for sshd afterwards."""

import os
import stat
import subprocess

import pytest

from content_packs.errors import UsageError
from provisioning.central.assign import PackSpec, make_assignment, parse_spec
from provisioning.central.fleet import open_fleet
from provisioning.central.release import read_wanted
from provisioning.central.ssh_keys import read_public_key
from provisioning.central.usb import plan_stick, write_stick
from support.office import HUB, OfficeAtWork, new_key


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(work.build("maths", 1))
    work.enrol()
    return work


def test_enrolled_hub_may_only_what_sshd_allows(work):
    line = (work.office.hub_keys / HUB).read_text()
    assert line == f"restrict {work.keys[HUB]} {HUB}\n"


def shall_have(work, hub_id=HUB):
    with open_fleet(work.office.fleet_db) as fleet:
        return read_wanted(fleet).by_hub[hub_id]


def test_enrolling_again_moves_a_hub_to_another_ring(work):
    work.assign("maths", ring="pilot")
    assert shall_have(work) == {}
    work.enrol(ring="pilot")
    assert shall_have(work) == {"maths": 1}
    work.enrol(ring="all")
    assert shall_have(work) == {}


def test_enrolling_again_with_a_corrected_school_keeps_the_ring(work):
    work.assign("maths", ring="pilot")
    work.enrol(ring="pilot")
    work.enrol(ring=None)
    assert shall_have(work) == {"maths": 1}


def test_new_hub_without_a_ring_is_in_the_ring_of_all(work):
    work.enrol("h-2", ring=None)
    with open_fleet(work.office.fleet_db) as fleet:
        assert {hub.hub_id: hub.ring for hub in fleet.list_hubs()}["h-2"] == "all"


def test_revoked_hub_that_is_enrolled_again_begins_anew(work):
    work.assign("maths", ring="pilot")
    work.assign("maths", ring="all")
    work.assign("maths@1", hub_id=HUB)
    work.publish(work.build("maths", 2))
    work.enrol(ring="pilot")
    work.enrol("h-2", ring="pilot")
    work.assign("maths@1", hub_id="h-2")
    work.unassign("maths", ring="all")
    work.revoke()
    work.enrol(ring=None, key=new_key())
    assert shall_have(work) == {}
    assert shall_have(work, "h-2") == {"maths": 1}
    work.enrol(ring="pilot", key=read_hub_key(work))
    assert shall_have(work) == {"maths": 2}


def read_hub_key(work):
    with open_fleet(work.office.fleet_db) as fleet:
        return next(hub.public_key for hub in fleet.list_hubs() if hub.hub_id == HUB)


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077])
def test_depot_is_readable_by_every_account_and_keys_by_none(tmp_path, umask):
    before = os.umask(umask)
    try:
        work = OfficeAtWork.found(tmp_path / "new" / "central")
        work.publish(work.build("maths", 1))
        work.enrol()
        work.assign("maths")
        write_stick(work.office, plan_stick(work.office, None), tmp_path / "stick", advance=lambda _: None)
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    inboxes = [folder / "inbox" / HUB for folder in (work.office.depot, tmp_path / "stick")]
    assert [stat.S_IMODE(inbox.stat().st_mode) for inbox in inboxes] == [0o700, 0o777]
    for inbox in inboxes:
        inbox.rmdir()
    assert (
        modes(work.office.depot) == modes(work.office.hub_keys) == modes(tmp_path / "stick") == {0o755, 0o644}
    )
    assert modes(work.office.keys) == {0o700, 0o600}
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", work.office.dir)] == [0o755] * 2


def modes(folder):
    """The modes of a folder and all below it; a file has no `x` to any of them, a folder has it."""
    found = set()
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert bool(mode & 0o100) == path.is_dir(), f"{path}: {mode:o}"
        found.add(mode)
    return found


def test_another_key_for_the_same_hub_is_refused_until_it_is_revoked(work):
    fresh = new_key()
    with pytest.raises(UsageError, match="h-1 is enrolled with another key") as caught:
        work.enrol(key=fresh)
    assert "central replace h-1" in caught.value.hint
    work.revoke()
    work.enrol(key=fresh)
    assert fresh in (work.office.hub_keys / HUB).read_text()


def test_one_key_on_two_cards_is_refused(work):
    with pytest.raises(UsageError, match="this key belongs to h-1"):
        work.enrol("h-2", key=work.keys[HUB])


def test_revoked_hub_loses_key_and_head(work):
    work.revoke()
    work.revoke()
    assert not (work.office.hub_keys / HUB).exists()
    assert not (work.office.heads / HUB).exists()


@pytest.mark.parametrize("hub_id", ["", "H-1", "../x", "h 1", "-h", "h" * 64, ".h"])
def test_bad_hub_id_is_refused(work, hub_id):
    with pytest.raises(UsageError):
        work.enrol(hub_id)


def test_revoking_an_unknown_hub_is_refused(work):
    with pytest.raises(UsageError, match="no hub h-9 was ever enrolled"):
        work.revoke("h-9")


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("moths", {"ring": "all"}, "no pack moths is on offer"),
        ("maths@2", {"ring": "all"}, "maths: version 2 is not on offer"),
        ("maths", {"hub_id": "h-2"}, "no hub h-2 is enrolled"),
        ("maths", {"ring": "Wave 1"}, "ring 'Wave 1'"),
    ],
)
def test_impossible_assignments_are_refused(work, spec, options, message):
    with pytest.raises(UsageError, match=message) as caught:
        work.assign(spec, **options)
    assert caught.value.hint


def test_unassigning_another_version_is_refused(work):
    work.assign("maths@1")
    with pytest.raises(UsageError, match="assigned is version 1, not version 2"):
        work.unassign("maths@2")
    work.unassign("maths")
    work.unassign("maths")  # again is fine


def test_unassigning_a_pack_that_never_was_is_refused(work):
    with pytest.raises(UsageError, match="no pack moths") as caught:
        work.unassign("moths")
    assert caught.value.hint == "Did you mean maths?"


@pytest.mark.parametrize(
    "text", ["", "Maths", "maths@", "maths@0", "maths@-1", "maths@x", "maths@1@2", "m@" + "9" * 30]
)
def test_malformed_spec_is_refused(text):
    with pytest.raises(UsageError, match="expected PACK or PACK@VERSION"):
        parse_spec(text)


def test_spec_names_pack_and_version():
    assert parse_spec("maths-grade4@12") == PackSpec("maths-grade4", 12)
    assert str(parse_spec("maths")) == "maths"


@pytest.mark.parametrize("options", [{"ring": None, "hub_id": None}, {"ring": "all", "hub_id": "h-1"}])
def test_exactly_one_audience(options):
    with pytest.raises(UsageError, match="either --ring RING or --hub HUB_ID"):
        make_assignment(PackSpec("maths", None), **options)


# --- public keys ---


def made_key(tmp_path, *options):
    subprocess.run(
        ["ssh-keygen", "-q", "-N", "", "-C", "a comment", "-f", tmp_path / "key", *options], check=True
    )
    return tmp_path / "key.pub"


@pytest.mark.parametrize("options", [("-t", "ed25519"), ("-t", "ecdsa"), ("-t", "rsa", "-b", "3072")])
def test_key_that_ssh_keygen_made_is_read_without_its_comment(tmp_path, options):
    path = made_key(tmp_path, *options)
    assert read_public_key(path) == path.read_text().rsplit(" ", 2)[0]


def test_short_rsa_key_is_refused(tmp_path):
    with pytest.raises(UsageError, match="RSA of 2048 bits is too short"):
        read_public_key(made_key(tmp_path, "-t", "rsa", "-b", "2048"))


def test_private_key_is_refused_by_name(tmp_path):
    path = made_key(tmp_path, "-t", "ed25519").with_suffix("")
    with pytest.raises(UsageError, match="this is a private key"):
        read_public_key(path)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"ssh-ed25519 AAAA\n", b"\xff\xfe", b"command=x ssh-ed25519 AAAA", b"a\nb\n"]
)
def test_what_is_no_key_is_refused(tmp_path, data):
    path = tmp_path / "key.pub"
    path.write_bytes(data)
    with pytest.raises(UsageError):
        read_public_key(path)


def test_options_before_a_key_cannot_be_smuggled_in(tmp_path):
    key = made_key(tmp_path, "-t", "ed25519").read_text()
    path = tmp_path / "evil.pub"
    path.write_text('command="sh" ' + key)
    with pytest.raises(UsageError):
        read_public_key(path)


def test_missing_key_file_says_where_to_find_one(tmp_path):
    with pytest.raises(UsageError, match="no such file") as caught:
        read_public_key(tmp_path / "none.pub")
    assert "id_ed25519.pub" in caught.value.hint

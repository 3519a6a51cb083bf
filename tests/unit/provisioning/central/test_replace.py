"""A card is replaced: the school keeps its place, and what the former card says is told apart."""

import base64
import hashlib
from datetime import timedelta

import pytest

from content_packs.errors import UsageError
from hub.events import HealthBody, PacksBody
from hub.school.statusblock import short_fingerprint
from provisioning.central import enrol as enrolling
from provisioning.central.fleet import open_fleet
from provisioning.central.fleetview.fleet import read_schools
from provisioning.central.release import change
from provisioning.central.reports import open_reports
from provisioning.central.rotation import rotate
from support.office import HUB, NOW, OfficeAtWork, new_key
from support.reporting import Reporting


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(work.build("maths", 1))
    work.enrol(HUB, ring="pilot")
    work.assign("maths")
    return work


def replace(work):
    return change(
        work.office,
        lambda fleet: enrolling.give_up_card(fleet, HUB, now=work.now),
        doing="test",
        now=work.now,
    )


def hub_of(work):
    with open_fleet(work.office.fleet_db) as fleet:
        [hub] = fleet.list_hubs()
        return hub


def notes(office):
    with open_reports(office.reports_db) as reports:
        return [note.kind for note in reports.list_notes(HUB)]


def message_of(office):
    with open_reports(office.reports_db) as reports:
        return reports.read_newest(HUB)["sync"].event.body["message"]


def test_the_former_key_is_out_and_everything_else_stays(work):
    _, changes = replace(work)
    assert changes == []
    assert not (work.office.hub_keys / HUB).exists()
    assert (work.office.heads / HUB).exists()
    hub = hub_of(work)
    assert (hub.public_key, hub.ring, hub.revoked_at) == ("", "pilot", None)
    key = new_key()
    work.enrol(HUB, ring=None, key=key)
    assert key in (work.office.hub_keys / HUB).read_text()
    assert (hub_of(work).ring, hub_of(work).enrolled_at) == ("pilot", hub.enrolled_at)
    with pytest.raises(UsageError, match="another key") as refused:
        work.enrol(HUB, ring=None, key=new_key())
    assert f"central replace {HUB}" in refused.value.hint


def test_two_replaced_hubs_are_no_twins_and_their_school_can_be_renamed(work):
    work.enrol("h-2")
    for hub_id in (HUB, "h-2"):
        change(
            work.office,
            lambda fleet, hub_id=hub_id: enrolling.give_up_card(fleet, hub_id, now=work.now),
            doing="test",
            now=work.now,
        )

    def rename(fleet):
        return enrolling.enrol(fleet, HUB, "", school="Новий ліцей", ring=None, now=work.now)

    assert change(work.office, rename, doing="test", now=work.now)[0].school == "Новий ліцей"
    assert not (work.office.hub_keys / HUB).exists()


def test_only_a_hub_that_is_enrolled_is_replaced(work):
    work.revoke()
    with pytest.raises(UsageError, match="no hub h-1 is enrolled"):
        replace(work)


def test_reports_of_the_former_card_are_taken_in_and_do_not_speak_for_the_hub(work, tmp_path):
    former = Reporting(work.office, tmp_path / "former")
    former.tell("of the former card")
    former.seal()
    former.send()
    former.ingest()
    former.tell("by a stick, much later")
    former.seal()
    work.now = former.now + timedelta(days=1)
    replace(work)
    new = Reporting(work.office, tmp_path / "new")
    new.now = work.now + timedelta(days=1)
    new.tell("of the new card")
    new.seal()
    new.send()
    new.ingest()
    assert notes(work.office) == []
    former.now = new.now + timedelta(days=1)
    former.send()
    [taken] = former.ingest()
    assert (taken.events, taken.copied) == (1, False)
    assert notes(work.office) == ["former-card"]
    assert message_of(work.office) == "of the new card"


def test_while_the_new_card_is_silent_the_former_one_does_not_speak_for_it(work, tmp_path):
    def say(card, throttled):
        health = HealthBody(
            10**9, 64 * 10**9, 1, card.now.isoformat(), card.now.isoformat(), "1", 1, None, throttled
        )
        card.say(health, PacksBody({"maths": 1}, {}, {}, {}, {}))

    def seen():
        [view] = read_schools(work.office, former.now + timedelta(days=1), only=HUB)
        return {alert.code for alert in view.reasons}, [pack.state for pack in view.packs]

    former = Reporting(work.office, tmp_path / "former")
    say(former, "0x1")
    former.send()
    former.ingest()
    assert seen() == ({"under-voltage", "disk-full"}, ["current"])
    say(former, "0x1")
    work.now = former.now + timedelta(hours=1)
    replace(work)
    assert seen() == (set(), ["unknown"])
    former.now += timedelta(days=1)
    former.send()
    former.ingest()
    assert notes(work.office) == ["former-card"]
    assert seen() == (set(), ["unknown"])
    new = Reporting(work.office, tmp_path / "new")
    new.now = former.now + timedelta(hours=1)
    say(new, "0x0")
    new.send()
    new.ingest()
    assert seen() == ({"disk-full"}, ["current"])


def test_two_cards_of_before_are_no_alert_any_more(work, tmp_path):
    reporting = Reporting(work.office, tmp_path / "hub")
    for boot in ("aaaa", "bbbb", "aaaa"):
        reporting.tell(boot, boot_id=boot)
    reporting.seal()
    reporting.send()
    [taken] = reporting.ingest()
    assert taken.copied
    work.now = reporting.now + timedelta(days=1)
    replace(work)
    assert hub_of(work).card_since == work.now.isoformat()


def test_reports_that_were_sealed_to_the_former_key_of_the_office_are_opened(work, tmp_path):
    """A stick was under way for months when the office changed its key."""
    reporting = Reporting(work.office, tmp_path / "hub")
    reporting.tell("sealed before")
    reporting.seal()
    for _ in range(2):
        rotate(work.office, "seal", now=work.now)
        work.now += timedelta(seconds=1)
    later = Reporting(work.office, tmp_path / "hub")
    assert later.seal_key != reporting.seal_key
    later.tell("sealed after")
    later.seal()
    later.send()
    later.ingest()
    assert later.known() == ["sealed before", "sealed after"]


def test_a_reason_stays_with_a_revoked_hub(work):
    def edit(fleet):
        return enrolling.revoke(fleet, HUB, now=work.now, why="stolen from the school")

    change(work.office, edit, doing="test", now=work.now)
    work.revoke()
    assert hub_of(work).revoked_why == "stolen from the school"
    with pytest.raises(UsageError, match="--why"), open_fleet(work.office.fleet_db) as fleet:
        enrolling.revoke(fleet, HUB, now=NOW, why="two\nlines")


def test_a_fingerprint_is_eighty_bits_in_four_groups():
    """By another way: what RFC 4648 writes with its own 32 signs."""
    key = new_key()
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    theirs = base64.b32encode(digest[:10]).decode()
    ours = theirs.translate(
        str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
    )
    assert short_fingerprint(key) == "-".join(ours[at : at + 4] for at in range(0, 16, 4))

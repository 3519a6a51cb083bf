"""What a technician presses on a booted card: clock, Wi-Fi, sticks, backup, restore, restart; to its end.

Sticks are plugged into the machine while it runs, and pulled out in the middle. One machine, in this order.
"""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from support.card_office import ARTICLES, BOOK, COURSE, FILMS, HUB
from support.sources import write_source
from support.usb_sticks import Sticks, list_stick, make_stick
from support.waiting import wait_for
from tests.image.conftest import UP_S
from tests.image.school import JOB_S, ask_for, school_at_work

pytestmark = pytest.mark.timeout(5400)

OTHER_PASSWORD = "зовсім інші слова"
ATLAS = "atlas"
PACKS = {BOOK, FILMS, ARTICLES, COURSE}


@pytest.fixture(scope="module")
def sticks(tmp_path_factory):
    return Sticks(tmp_path_factory.mktemp("qmp") / "socket")


@pytest.fixture(scope="module")
def school(image, tmp_path_factory, sticks):
    """A hub that its office has let in, and that has no lesson yet."""
    folder = tmp_path_factory.mktemp("jobs")
    what = "virt: power to portal, first start, of a hub with sticks"
    with school_at_work(image, folder, what, extra=sticks.options) as school:
        technician = school.sign_in()
        school.end_of(ask_for(technician, "sync"))  # else the next press is of the same job
        school.office.approve()
        school.machine.ask("systemctl start --no-block hub-sync.service")  # the timer's, which gives way
        assert school.end_of(ask_for(technician, "sync"))["state"] == "done"
        assert school.machine.ask("systemctl --failed --plain --no-legend --no-pager | cat") == ""
        school.office.publish()
        yield school


def sticks_in(school):
    """Return what the hub says is plugged in, by label."""
    said = school.machine.ask("cat /data/hub/run/sticks.json 2>/dev/null | tr -d '\\n'")
    return {stick["label"]: stick for stick in json.loads(said or "{}").get("sticks", ())}


def recognised(school, label, *states):
    """Wait until a stick is in one of these states, and return it."""

    def seen():
        return sticks_in(school).get(label, {}).get("state") in (states or ("ready",))

    wait_for(seen, timeout_s=JOB_S, every_s=3, seen=lambda: sticks_in(school))
    return sticks_in(school)[label]


def depot_stick(school, label):
    """Return a stick as the office writes it for all its hubs."""
    folder = school.office.folder / label
    school.office.run("usb", folder)
    return make_stick(school.office.folder / f"{label.lower()}.img", label, folder)


def test_the_clock_is_set_from_a_browser(school):
    later = (datetime.now(UTC) + timedelta(days=40)).isoformat(timespec="seconds")
    job = school.end_of(ask_for(school.technician, "set-time", iso=later))

    assert job["state"] == "done", job.get("result")
    assert int(school.machine.ask("date +%s")) >= datetime.fromisoformat(later).timestamp()


def test_the_same_wifi_again_leaves_the_class_connected(school):
    before = school.machine.ask("systemctl show -P MainPID hub-dns hub-portal | tr '\\n' ' '")
    job = school.end_of(ask_for(school.technician, "wifi", mode="external-ap"))

    assert job["state"] == "done", job.get("result")
    assert school.machine.ask("systemctl show -P MainPID hub-dns hub-portal | tr '\\n' ' '") == before
    assert school.phone.get("/").status == 200


def test_a_stick_is_recognised_offered_installed_and_let_go(school, sticks):
    stick = depot_stick(school, "GROMADA")
    sticks.plug(stick)
    found = recognised(school, "GROMADA")
    assert {pack["id"] for pack in found["packs"]} == PACKS
    assert "GROMADA" in school.technician.get("/tech/content").text
    job = school.end_of(ask_for(school.technician, "install", stick=found["name"]))
    assert job["state"] == "done", job.get("result")
    assert school.packs() >= PACKS
    assert school.phone.get(f"/p/{BOOK}/index.html", f"p-{BOOK}.hubpacks.lan").status == 200
    assert school.end_of(ask_for(school.technician, "eject", stick=found["name"]))["state"] == "done"
    recognised(school, "GROMADA", "safe-to-remove")
    sticks.pull(stick)
    wait_for(lambda: "GROMADA" not in sticks_in(school), timeout_s=JOB_S, every_s=3)

    assert list_stick(stick, f"inbox/{HUB}"), "reports for the office went with it"


def test_of_two_sticks_one_is_pulled_out_in_the_middle(school, sticks):
    """What was being read from it is said to be gone; the other stays, and the next try brings all."""
    films = {f"{n}.mp4": random.Random(n).randbytes(40_000_000) for n in range(3)}
    source = school.office.folder / "sources" / ATLAS
    write_source(source, films, id=ATLAS, kind="files", entry=None, title="Атлас")
    school.office.release(source)
    lessons, empty = depot_stick(school, "ATLAS"), make_stick(school.office.folder / "empty.img", "EMPTY")
    for stick in (lessons, empty):
        sticks.plug(stick)
    found = recognised(school, "ATLAS")
    assert not recognised(school, "EMPTY")["has_depot"]
    page = ask_for(school.technician, "install", stick=found["name"])
    recognised(school, "ATLAS", "in-use")
    part = "find /data/hub/store/.part -type f -size +1M | head -n 1"
    wait_for(lambda: school.machine.ask(part), timeout_s=JOB_S, every_s=0.5)
    sticks.pull(lessons)
    job = school.end_of(page)

    assert job["state"] == "failed", job.get("result")
    assert "pulled out" in job["result"]["error"]
    wait_for(lambda: list(sticks_in(school)) == ["EMPTY"], timeout_s=JOB_S, every_s=3)
    assert ATLAS not in school.packs()
    sticks.plug(lessons)
    found = recognised(school, "ATLAS")
    job = school.end_of(ask_for(school.technician, "install", stick=found["name"]))
    assert job["state"] == "done", job.get("result")
    assert ATLAS in school.packs()
    school.end_of(ask_for(school.technician, "eject", stick=found["name"]))
    sticks.pull(lessons)


def test_a_backup_on_a_stick_brings_back_what_was_lost(school, sticks):
    stick = sticks_in(school)["EMPTY"]["name"]
    job = school.end_of(ask_for(school.technician, "backup", stick=stick))
    assert job["state"] == "done", job.get("result")
    assert job["result"]["sealed"] is True
    said = school.machine.ask(
        f"echo '{OTHER_PASSWORD}' | hub accounts set technician >/dev/null 2>&1; echo $?"
    )
    assert said == "0"
    school.technician.cookies.clear()
    school.technician.sign_in("technician", OTHER_PASSWORD)
    page = ask_for(school.technician, "restore", stick=stick, file=job["result"]["file"])
    school.machine.wait_for_end(timeout_s=JOB_S)
    school.start_again("virt: power to portal, after a restore")

    assert school.end_of(page)["state"] == "done"
    school.sign_in()
    assert school.packs() >= PACKS, "a restore leaves the lessons that are there"


def test_it_starts_again_by_the_page(school):
    page = ask_for(school.technician, "restart")
    school.machine.wait_for_end(timeout_s=UP_S)
    school.start_again("virt: power to portal, after a restart")

    assert school.end_of(page)["state"] == "done"
    assert "recovering journal" not in school.machine.said()

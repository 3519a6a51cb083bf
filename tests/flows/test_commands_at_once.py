"""An office where everybody types at once: each command is done, or says that it waited in vain."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from provisioning.central.fleet import open_fleet
from provisioning.central.keylist import list_keys
from provisioning.central.rotation import rotate
from support.office import HUB, HubTrust, OfficeAtWork, new_key
from support.reporting import Reporting, found_office
from support.road import run


@pytest.fixture
def office(tmp_path):
    return found_office(tmp_path / "central", HUB)


def test_everything_at_once_is_all_done_in_the_end(office, tmp_path):
    work = OfficeAtWork(office)
    reporting = Reporting(office, tmp_path / "hub")
    reporting.tell("one", "two")
    reporting.seal()
    reporting.send()
    work.publish(work.build("maths", 1))
    for number in (2, 3):
        (tmp_path / f"h-{number}.pub").write_text(new_key())
    built = [work.build("maths", 2).folder, work.build("physics", 1).folder]
    commands = [
        ("publish", built[0]),
        ("publish", built[1]),
        ("assign", "maths", "--ring", "all"),
        ("keys", "rotate", "timestamp", "seal", "packs"),
        ("enrol", "h-2", tmp_path / "h-2.pub", "--school", "Школа 2"),
        ("enrol", "h-3", tmp_path / "h-3.pub", "--school", "Школа 3"),
        ("ingest",),
        ("alerts", "ack", "overdue", HUB, "--until", "2099-12-31"),
        ("people", "add", "olena", "--role", "admin", "--link"),
    ]

    def type_(words):
        return words, run("central", "--dir", office.dir, *words)

    with ThreadPoolExecutor(len(commands)) as people:
        ended = list(people.map(type_, commands))
    for words, ran in ended:
        assert ran.code in (0, 75), (words, ran.err)
        assert (ran.code == 75) == ("[busy]" in ran.err), (words, ran.err)
        if ran.code:
            assert run("central", "--dir", office.dir, *words).code == 0

    with open_fleet(office.fleet_db) as fleet:
        assert {pack.name for pack in fleet.list_packs()} == {"maths@1", "maths@2", "physics@1"}
        hubs = [hub.hub_id for hub in fleet.list_hubs()]
    assert hubs == [HUB, "h-2", "h-3"]
    for hub_id in hubs:
        trust = HubTrust(office.root.read_bytes(), tmp_path / f"trust-{hub_id}", hub_id)
        assert trust.offered(office.depot) == {"maths": 2}
    assert reporting.known() == ["two"], "the newest of its kind: this hub reported years ago"
    assert all(key.is_known for key in list_keys(office))
    assert rotate(office, "snapshot", now=work.now).hubs == 3, "the next change finds all in order"

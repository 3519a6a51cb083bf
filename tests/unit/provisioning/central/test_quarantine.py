"""What is no report is kept for a person to look at, and no hub pushes out what is of another."""

from pathlib import Path

import pytest

from provisioning.central import quarantine
from support.office import HUB
from support.reporting import Reporting, found_office


@pytest.fixture
def reporting(tmp_path):
    return Reporting(found_office(tmp_path / "central", HUB, "h-2"), tmp_path / "hub")


def quarantined(reporting, hub_id):
    return sorted(path.read_bytes() for path in (reporting.office.quarantine / hub_id).iterdir())


def test_of_one_hub_the_newest_junk_is_kept_and_no_flood_pushes_out_what_is_of_another(
    reporting, monkeypatch
):
    monkeypatch.setattr(quarantine, "MAX_OF_HUB", 3)
    monkeypatch.setattr(quarantine, "MAX_IN_ALL", 4)
    evidence = reporting.office.depot / "inbox" / "h-2" / "evidence"
    evidence.write_bytes(b"evidence")
    reporting.ingest()
    for number in range(9):
        (reporting.inbox / f"{number}").write_bytes(bytes([number]))
    reporting.ingest()
    assert quarantined(reporting, HUB) == [bytes([number]) for number in (6, 7, 8)]
    assert quarantined(reporting, "h-2") == [b"evidence"]
    evidence.write_bytes(b"more")
    reporting.ingest()
    assert quarantined(reporting, HUB) == [b"\x07", b"\x08"], "who has most gives"
    assert quarantined(reporting, "h-2") == [b"evidence", b"more"]


@pytest.mark.parametrize(
    ("counts", "at_most", "left"),
    [
        ({}, 5, {}),
        ({"a": 2, "b": 3}, 5, {"a": 2, "b": 3}),
        ({"a": 9, "b": 1}, 5, {"a": 4, "b": 1}),
        ({"a": 3, "b": 3, "c": 1}, 4, {"a": 1, "b": 2, "c": 1}),
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 0, "b": 1, "c": 1}),
    ],
)
def test_what_is_too_much_in_all_goes_where_there_is_most(counts, at_most, left):
    kept = {hub: [Path(f"{hub}{number}") for number in range(count)] for hub, count in counts.items()}
    gone = quarantine.list_excess(kept, at_most)
    rest = {hub: [path for path in paths if path not in gone] for hub, paths in kept.items()}
    assert rest == {hub: paths[len(paths) - left[hub] :] for hub, paths in kept.items()}, "the newest"

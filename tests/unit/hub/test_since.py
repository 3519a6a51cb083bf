from datetime import UTC, datetime, timedelta

import pytest

from hub import since
from hub.settings import HubPaths

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path)


def test_a_check_keeps_its_beginning_while_its_level_stays(paths):
    assert since.keep(paths, {"disk": "note"}, now=NOW) == {"disk": NOW}
    assert since.keep(paths, {"disk": "note", "sync": "note"}, now=LATER) == {"disk": NOW, "sync": LATER}
    assert since.keep(paths, {"disk": "broken"}, now=LATER) == {"disk": LATER}


def test_what_was_well_meanwhile_begins_anew(paths):
    since.keep(paths, {"disk": "note"}, now=NOW)
    since.keep(paths, {}, now=NOW)
    assert since.keep(paths, {"disk": "note"}, now=LATER) == {"disk": LATER}


def test_nothing_is_written_where_nothing_changed(paths):
    since.keep(paths, {"disk": "note"}, now=NOW)
    written = (paths.dir / "since.json").stat().st_ino
    since.keep(paths, {"disk": "note"}, now=LATER)
    assert (paths.dir / "since.json").stat().st_ino == written


@pytest.mark.parametrize(
    "data",
    [b"", b"[1]", b'{"disk": 3}', b'{"disk": ["note", "x"]}', b"\xff", b'{"disk": ["note", "2026-01-01"]}'],
)
def test_a_damaged_file_counts_as_none(paths, data):
    (paths.dir / "since.json").write_bytes(data)
    assert since.keep(paths, {"disk": "note"}, now=NOW) == {"disk": NOW}

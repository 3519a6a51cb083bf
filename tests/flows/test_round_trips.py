"""How often a sync waits for the other end of a long link, its report to the office included."""

import pytest

from support.built import random_bytes
from support.sources import PAGE, write_source
from support.updates import Update, done_by, relayed, sync_here

ROUND_TRIP_S = 1.0  # long beside what another program may take of the processor
TCP = 1  # round trip of its handshake, which a relay answers itself

pytestmark = pytest.mark.alone


def textbook(folder, version):
    """Two hundred pages, of which each version has another text on five."""
    texts = {n: random_bytes(700, n + (1000 * version if n < 4 else 0)).hex() for n in range(200)}
    files = {f"p{n}.html": PAGE.format(n, text).encode() for n, text in texts.items()}
    files["index.html"] = PAGE.format("i", f"v{version:03}").encode()
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


@pytest.fixture(scope="module")
def update(tmp_path_factory):
    made = Update(tmp_path_factory.mktemp("road"), textbook)
    yield made
    made.road.stop()


def count_round_trips(update, before=None):
    """Sync over no distance and over a long one: what the second takes more is waiting for answers."""
    took, reports = {}, []
    for delay_s in (0.0, ROUND_TRIP_S / 2):
        road = update.renew()
        if before is not None:
            before(road)
        with relayed(road, delay_s=delay_s) as relay:
            reports.append(sync_here(road))
            took[delay_s] = relay.busy_s
    return TCP + (took[ROUND_TRIP_S / 2] - took[0.0]) / ROUND_TRIP_S, reports


def test_a_small_update_and_its_report_take_fewer_than_fourteen_round_trips(update):
    round_trips, reports = count_round_trips(update)
    assert [(done_by(report), report.reports.sent) for report in reports] == [(["install lesson@2"], 1)] * 2
    assert round_trips <= 13  # twelve, and a busy machine; the office was promised fourteen


def test_nothing_new_takes_fewer_than_ten_round_trips_and_no_report(update):
    round_trips, reports = count_round_trips(update, before=sync_here)
    assert [(done_by(report), report.reports.sent) for report in reports] == [([], 0)] * 2
    assert round_trips <= 8  # seven, and a busy machine; promised were ten

"""A large file that compresses, over a real sshd: it travels packed, once, and its updates as deltas."""

import pytest

from support.built import MIB, database, random_bytes
from support.road import Road, must
from support.sources import PAGE, write_source
from support.updates import relayed, shown

LINK_BITS_S = 4_000_000  # a good village link
UNREAD_BYTES = 300_000  # what may be on its way on it, and unread, when it is cut
SIZE = 5 * MIB + 100
SESSION_BYTES = 12_000  # of a first sync without its content


def lesson(folder, version):
    """A database of which a few pages are new in each version."""
    data = bytearray(database(SIZE, 1))
    data[version * MIB : version * MIB] = random_bytes(4096, version)
    files = {"index.html": PAGE.format("i", "i").encode(), "channel.sqlite3": bytes(data)}
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


@pytest.fixture
def road(tmp_path):
    made = Road(tmp_path)
    made.publish(lesson(tmp_path, 1)[0])
    made.assign("lesson")
    yield made
    made.stop()


def test_a_first_install_moves_less_than_half_and_cuts_add_hardly_anything(road, tmp_path):
    packed = (road.depot / "packs/lesson/1/blocks.000").stat().st_size
    assert packed < SIZE / 3
    with relayed(road, bits_per_s=LINK_BITS_S) as relay:
        relay.cut_after(600_000)
        cuts = 0
        while (ran := road.sync("--json")).code == 75:
            cuts += 1
            assert cuts < 10, "a sync that is cut goes on"
        assert ran.code == 0
        assert cuts >= 1
        assert relay.total_bytes < packed + SESSION_BYTES + cuts * (UNREAD_BYTES + SESSION_BYTES)
        assert relay.total_bytes < SIZE / 2 + cuts * UNREAD_BYTES
    assert shown(road) == lesson(tmp_path / "again", 1)[1]


def test_an_update_of_a_packed_file_moves_the_delta(road, tmp_path):
    assert road.sync().code == 0
    road.publish(lesson(tmp_path, 2)[0])
    with relayed(road) as relay:
        assert road.sync().code == 0
        assert relay.total_bytes < 30_000
    assert shown(road) == lesson(tmp_path / "again", 2)[1]


def test_a_packed_file_that_was_damaged_is_repaired_by_its_block(road, tmp_path):
    assert road.sync().code == 0
    path = road.hub / "packs/lesson/current/files/channel.sqlite3"
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(3 * MIB)
        file.write(b"damaged")
    must("hub", "--dir", road.hub, "repair")
    assert road.sync().code == 0
    assert shown(road) == lesson(tmp_path / "again", 1)[1]

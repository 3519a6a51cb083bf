"""What goes wrong between a hub and its office over a real sshd; docs/faults.md says what shows what."""

import random
import signal
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from content_packs.depot import MIB
from content_packs.errors import LinkError
from content_packs.transports.window import READ_S
from content_packs.transports.wire import MAX_READ_BYTES
from hub import clock
from hub.sync.report import Progress
from provisioning.central import gc
from provisioning.central.office import Office
from support.built import random_bytes
from support.road import BIN, must
from support.sources import PAGE, read_tree, write_source
from support.updates import Update, done_by, new_object, relayed, shown, spoil, sync_here
from support.waiting import wait_for

SESSION_BYTES = 6000  # of a sync that finds nothing new, both ways, with what changed in the head
SLOW_BITS_S = 8_000_000  # so slow that the hub has read what came when the link is cut
LOST_BYTES = MAX_READ_BYTES + 16 * 1024  # of a cut: an answer that is cut in its middle
FILM_BYTES = 2 * MIB


def lesson(folder, version):
    """Of the same sizes in every version: a page, a photo, and a film of which one place changes."""
    film = bytearray(random_bytes(FILM_BYTES, 5))
    film[version * 1000 : version * 1000 + 80] = random_bytes(80, version)
    pages = {f"p{n}.html": PAGE.format(n, random_bytes(700, n).hex()).encode() for n in range(10)}
    pages["p0.html"] = PAGE.format(f"v{version:03}", random_bytes(90_000, version).hex()).encode()
    files = pages | {
        "index.html": PAGE.format("i", f"v{version:03}").encode(),
        "photo.jpg": random_bytes(250_000, version),
        "film.mp4": bytes(film),
    }
    return write_source(folder / f"lesson-{version}", files, id="lesson", version=version), files


@pytest.fixture(scope="module")
def update(tmp_path_factory):
    made = Update(tmp_path_factory.mktemp("road"), lesson)
    yield made
    made.road.stop()


@pytest.fixture
def road(update):
    """Version 1 on the hub and version 2 in the depot, fresh for each test."""
    return update.renew()


def remove_delta(road):
    """Let blocks and the film itself be what there is to fetch."""
    (road.depot / "packs/lesson/2/delta.1").unlink()


def sync_until_cut(road, relay, down_bytes):
    """Sync over a link that is reset after so many bytes; fail if it was not."""
    relay.cut_after(down_bytes)
    with pytest.raises(LinkError):
        sync_here(road)
    relay.cut_after(None)
    relay.reset_counts()


# --- 1: resume onto changed content ---


@pytest.mark.parametrize("cut_at", [150_000, 1_500_000])  # within the photo's block, within the film
def test_a_version_of_the_same_sizes_that_replaced_the_one_under_way_arrives_unmixed(road, update, cut_at):
    remove_delta(road)
    with relayed(road, bits_per_s=SLOW_BITS_S) as relay:
        sync_until_cut(road, relay, cut_at)
        must("central", "--dir", road.central, "withdraw", "lesson@2")
        update.publish(3, "--no-deltas")
        assert done_by(sync_here(road)) == ["install lesson@3"]
    assert shown(road) == update.files[3]


def test_a_prefix_that_changed_on_this_disk_is_fetched_again_and_nothing_else(road, update):
    remove_delta(road)
    with relayed(road, bits_per_s=SLOW_BITS_S) as relay:
        sync_until_cut(road, relay, 2_200_000)
        boot_again(road)  # only what was written before a crash is in doubt
        part = max((road.hub / "store/.part").rglob("*.part"), key=lambda path: path.stat().st_size)
        had = part.stat().st_size
        spoil(part, at=70_000, length=5)
        assert had > MIB + 100_000
        assert done_by(sync_here(road)) == ["install lesson@2"]
        assert relay.down_bytes < FILM_BYTES - had + MIB + 2 * SESSION_BYTES
    assert shown(road) == update.files[2]


# --- 2: no or lossy resume ---


@pytest.mark.parametrize(
    ("road_of", "every_bytes", "bits_per_s"), [("delta", 90_000, 800_000), ("blocks", 600_000, SLOW_BITS_S)]
)
def test_a_sync_that_is_cut_after_every_few_bytes_ends_and_pays_for_little_twice(
    road, update, road_of, every_bytes, bits_per_s
):
    if road_of == "blocks":
        remove_delta(road)
    with relayed(road, bits_per_s=bits_per_s) as relay:
        done, cuts = [], 0
        relay.cut_after(every_bytes)
        while not done:
            try:
                done = done_by(sync_here(road))
            except LinkError:
                cuts += 1
                assert cuts < 30, "a sync that is cut gets on"
        spent = relay.down_bytes
    size = sum(path.stat().st_size for path in (road.depot / "packs/lesson/2").iterdir())
    size += FILM_BYTES if road_of == "blocks" else 0
    lost = min(LOST_BYTES, READ_S * bits_per_s / 8)  # what a cut costs beside the session
    assert cuts >= 2
    assert spent <= 1.02 * size + (cuts + 1) * (SESSION_BYTES + lost)
    assert shown(road) == update.files[2]


# --- 5: a card that says it has written what it has not ---


def boot_again(road, name="next"):
    """Let this be another boot for the hub."""
    file = road.folder / "boot_id"
    file.write_text(f"{name}\n")
    clock._BOOT_ID = file


@pytest.fixture(autouse=True)
def boots(monkeypatch):
    monkeypatch.setattr(clock, "_BOOT_ID", clock._BOOT_ID)  # what a test boots is over with it


@pytest.mark.parametrize("how", ["zeros", "swapped"])
@pytest.mark.parametrize("seed", range(3))
def test_4_kib_that_a_card_lost_in_a_crash_are_noticed_and_only_they_come_again(road, update, how, seed):
    assert done_by(sync_here(road)) == ["install lesson@2"]
    chance = random.Random(seed)
    tree = road.hub / "packs/lesson/2/files"
    lost = chance.choice([tree / "film.mp4", tree / "film.mp4", tree / "photo.jpg", tree / "p0.html"])
    lose_4_kib(lost, chance, how)
    assert shown(road) != update.files[2]
    boot_again(road)
    with relayed(road) as relay:
        report = sync_here(road)
        slice_bytes = MIB if lost.name == "film.mp4" else lost.stat().st_size
        assert relay.down_bytes < slice_bytes * (2 if how == "swapped" else 1) + 2 * SESSION_BYTES
    assert done_by(report) == ["install lesson@2"]
    assert any("damaged by a power cut" in note for note in report.notes)
    assert shown(road) == update.files[2]


def lose_4_kib(path, chance, how):
    data = bytearray(path.read_bytes())
    pages = chance.sample(range(len(data) // 4096), 2)
    first, second = (slice(page * 4096, (page + 1) * 4096) for page in pages)
    if how == "zeros":
        data[first] = bytes(4096)
    else:
        data[first], data[second] = data[second], data[first]
    path.chmod(0o644)
    with path.open("r+b") as file:  # in place: every name of the file shows it
        file.write(data)


# --- 11: round trips ---


@pytest.mark.alone
def test_an_update_of_seven_files_takes_fourteen_round_trips(road, update):
    edited = {f"p{n}.html": update.files[1][f"p{n}.html"] + b"<p>!" for n in range(7)}
    files = update.files[1] | edited
    must("central", "--dir", road.central, "withdraw", "lesson@2")
    road.publish(write_source(road.folder / "edited", files, id="lesson", version=4))
    round_trip_s, took = 0.6, {}
    for delay_s in (0.0, round_trip_s / 2):
        update.renew_hub()
        with relayed(road, delay_s=delay_s) as relay:
            assert done_by(sync_here(road)) == ["install lesson@4"]
            took[delay_s] = relay.busy_s
    round_trips = (took[round_trip_s / 2] - took[0.0]) / round_trip_s
    assert round_trips + 1 <= 14  # and that of TCP, which the relay answers itself


# --- 12 and 13: publishing and collecting garbage while a hub reads ---


class Meanwhile(Progress):
    """Does something else when the sync comes to a certain step, once."""

    def __init__(self, step, act):
        self._step, self._act = step, act
        self.has_acted = False

    def _at(self, step):
        if step == self._step and not self.has_acted:
            self.has_acted = True
            self._act()

    def planned(self, actions):
        self._at("planned")

    def began(self, action, total_bytes):
        self._at("began")

    def advanced(self, count):
        self._at("advanced")


@pytest.mark.parametrize(
    ("step", "road_of"),
    [("planned", "delta"), ("advanced", "delta"), ("began", "blocks"), ("advanced", "blocks")],
)
def test_a_version_is_published_and_another_collected_while_a_hub_reads_it(road, update, step, road_of):
    if road_of == "blocks":
        remove_delta(road)

    def publish_and_collect():
        update.publish(3)
        must("central", "--dir", road.central, "withdraw", "lesson@2")
        gc.collect(Office(road.central), now=datetime.now(UTC) + timedelta(days=90))

    meanwhile = Meanwhile(step, publish_and_collect)
    assert done_by(sync_here(road, meanwhile)) == ["install lesson@2"]
    assert meanwhile.has_acted
    assert shown(road) == update.files[2]
    assert done_by(sync_here(road)) == ["install lesson@3"]
    assert shown(road) == update.files[3]


def test_a_hub_that_was_away_for_ninety_days_goes_on_from_where_it_was(road, update):
    remove_delta(road)
    with relayed(road, bits_per_s=SLOW_BITS_S) as relay:
        sync_until_cut(road, relay, 1_500_000)
        for days in (30, 60, 90):
            if days == 60:
                update.publish(3)
            gc.collect(Office(road.central), now=datetime.now(UTC) + timedelta(days=days))
        assert done_by(sync_here(road)) == ["install lesson@3"]
    assert shown(road) == update.files[3]


# --- 14: stale locks, two syncs ---


def test_of_a_timer_a_person_and_a_stick_at_once_one_syncs_and_the_others_are_told(road, update, tmp_path):
    must("central", "--dir", road.central, "usb", tmp_path)
    others = []

    def start_others():
        before = read_tree(road.hub / "store")
        others.append(road.sync())
        others.append(road.sync("--from", tmp_path))
        assert read_tree(road.hub / "store") == before, "they touch nothing"

    assert done_by(sync_here(road, Meanwhile("began", start_others))) == ["install lesson@2"]
    assert [ran.code for ran in others] == [75, 75]
    assert all("another process is at it" in ran.err for ran in others)
    assert shown(road) == update.files[2]
    assert road.sync("--from", tmp_path).code == 0


def test_a_sync_that_was_killed_leaves_no_lock_behind(road):
    command = [str(BIN / "hub"), "--dir", str(road.hub), "sync", "--no-neighbours"]
    with relayed(road) as relay:
        relay.black_hole()
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as held:
            wait_for(lambda: relay.connections, timeout_s=60, every_s=0.05)
            assert "another process is at it" in road.sync().err
            held.send_signal(signal.SIGKILL)
        relay.black_hole_after(None)
        assert done_by(sync_here(road)) == ["install lesson@2"]


# --- 15: a delta that "succeeded" ---


def test_a_base_that_was_damaged_costs_one_fallback_and_no_second_one(road, update):
    film = road.hub / "packs/lesson/1/files/film.mp4"
    film.chmod(0o644)
    with film.open("r+b") as file:
        file.seek(MIB // 2)
        file.write(random_bytes(4096, 99))
    with relayed(road) as relay:
        assert done_by(sync_here(road)) == ["install lesson@2"]
        assert shown(road) == update.files[2]
        relay.reset_counts()
        assert done_by(sync_here(road)) == []
        assert relay.total_bytes < SESSION_BYTES


def test_a_delta_and_its_fallback_that_are_both_wrong_are_not_asked_for_for_ever(road, update):
    spoil(road.depot / "packs/lesson/2/delta.1")
    spoil(road.depot / "packs/lesson/2/blocks.000")
    spent = cost_of_syncs(road, 7)
    assert max(spent[4:]) < SESSION_BYTES
    assert shown(road) == update.files[1]


# --- 16: sidecars of databases ---


@pytest.mark.parametrize(("name", "left"), [("hub.db", "garbage"), ("search.db", "nothing")])
def test_a_log_of_an_old_database_does_not_get_into_the_new_one(road, update, name, left):
    assert road.sync().code == 0
    place = road.hub / name
    log = old_log(place)
    if left == "nothing":
        place.unlink()
    else:
        place.write_bytes(b"\x55" * 20_000)
    place.with_name(f"{name}-shm").unlink(missing_ok=True)
    place.with_name(f"{name}-wal").write_bytes(log)
    assert road.sync().code == 0
    for database in ("hub.db", "search.db"):
        with closing(sqlite3.connect(road.hub / database)) as db:
            assert db.execute("pragma quick_check").fetchall() == [("ok",)]
    assert road.packs()["lesson"]["version"] == 2
    assert must("hub", "--dir", road.hub, "search", "v002", "--json").json["results"]
    assert shown(road) == update.files[2]


def old_log(place):
    """The write-ahead log that a process leaves that dies with a change in it."""
    with closing(sqlite3.connect(place)) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table left_behind(x)")
        db.executemany("insert into left_behind values (?)", [("x" * 500,)] * 200)
        db.commit()
        log = place.with_name(f"{place.name}-wal").read_bytes()
    assert log
    return log


# --- 17: retry storm on a metered link ---


def cost_of_syncs(road, count):
    """Sync that often against a depot that has a fault, as a timer does; return what each of them cost."""
    with relayed(road) as relay:
        spent = []
        for _ in range(count):
            relay.reset_counts()
            assert sync_here(road).failures
            spent.append(relay.total_bytes)
    return spent


@pytest.mark.parametrize("missing", ["film", "blocks"])
def test_a_file_that_is_missing_in_the_depot_costs_a_bounded_number_of_bytes(road, update, missing):
    remove_delta(road)
    gone = new_object(road) if missing == "film" else road.depot / "packs/lesson/2/blocks.000"
    data = gone.read_bytes()
    gone.unlink()
    spent = cost_of_syncs(road, 6)
    assert max(spent[1:]) < 2 * SESSION_BYTES, spent
    assert shown(road) == update.files[1]
    gone.write_bytes(data)
    assert done_by(sync_here(road)) == ["install lesson@2"], "a depot that was mended is not held against it"


# --- 19: partials that expire ---


def set_clock(monkeypatch, said):
    class Clock(datetime):
        @classmethod
        def now(cls, zone=None):
            return said.astimezone(zone)

    monkeypatch.setattr(clock, "datetime", Clock)


def test_partials_outlive_months_reboots_and_any_jump_of_the_clock(road, update, monkeypatch):
    remove_delta(road)
    now = datetime.now(UTC)
    dates = [
        now + timedelta(days=30),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2099, 1, 1, tzinfo=UTC),
        now - timedelta(days=400),
    ]
    with relayed(road, bits_per_s=SLOW_BITS_S) as relay:
        relay.cut_after(600_000)
        for number, date in enumerate(dates):
            boot_again(road, f"boot-{number}")
            set_clock(monkeypatch, date)
            with pytest.raises(LinkError):
                sync_here(road)
        relay.cut_after(None)
        assert done_by(sync_here(road)) == ["install lesson@2"]
        size = FILM_BYTES + sum(path.stat().st_size for path in (road.depot / "packs/lesson/2").iterdir())
        assert relay.down_bytes < 1.02 * size + 5 * (SESSION_BYTES + LOST_BYTES)
    assert shown(road) == update.files[2]

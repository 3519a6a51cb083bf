"""Two hubs of one network: the lessons that the first has do not come over the second one's uplink."""

import threading
from contextlib import contextmanager

import pytest

from hub import discovery
from hub.cli.sync import find_neighbours
from hub.settings import HubPaths, HubSettings, SyncSettings, read_settings
from hub.sync.report import Progress
from hub.sync.session import sync
from support.built import MIB, random_bytes
from support.relay import Relay
from support.road import Road, must, run
from support.serving import serving
from support.sources import PAGE, write_source
from support.waiting import wait_for

METADATA_BYTES = 20_000  # session, head and nothing of the content
GOODBYE_BYTES = 200  # of an sshd, which a hub that has closed does not hear


def make_source(folder, version, film_of=None):
    files = {f"p{n:03}.html": PAGE.format(n, random_bytes(4000, n).hex()).encode() for n in range(200)}
    files["index.html"] = PAGE.format("Дроби", f"версія {version}").encode()
    files["film.mp4"] = random_bytes(3 * MIB, film_of or version)
    return write_source(folder / f"fractions-{version}", files, id="fractions", version=version)


class Second:
    """Another hub of the same office, with an uplink of its own that counts what it carries."""

    def __init__(self, road, folder, relay):
        self.dir, self.relay = folder, relay
        url = road.sshd.url(str(road.depot), port=relay.port)
        made = must(
            *("hub", "init", folder, "--root", road.central / "hub-root.json", "--depot", url),
            *("--host-key", road.folder / "host_key.pub", "--hub-id", f"h-{folder.name}", "--json"),
        ).json
        road.sshd.authorize(made["public_key"])
        key = folder / "keys" / "id_ed25519.pub"
        must("central", "--dir", road.central, "enrol", f"h-{folder.name}", key, "--school", "Друга")
        must("central", "--dir", road.central, "assign", "fractions", "--hub", f"h-{folder.name}")

    def sync(self, *options):
        self.relay.reset_counts()
        return run("hub", "--dir", self.dir, "sync", "--json", *options)

    def versions(self):
        listed = must("hub", "--dir", self.dir, "packs", "--json").json["packs"]
        return {pack["id"]: pack["version"] for pack in listed}

    def is_whole(self):
        return must("hub", "--dir", self.dir, "repair", "--json").json["dropped"] == []


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """An office with a pack of some megabytes, and a hub that has it."""
    folder = tmp_path_factory.mktemp("road")
    road = Road(folder)
    try:
        road.publish(make_source(folder, 1))
        road.assign("fractions")
        must("hub", "--dir", road.hub, "sync", "--no-neighbours")
        yield road
    finally:
        road.stop()


@contextmanager
def neighbour(road, *options):
    with (road.hub / "hub.toml").open("r+") as settings:
        if "kiwix" not in settings.read():
            settings.write("[kiwix]\nenabled = false\n")
    with serving(HubPaths(road.hub), options=("--host", "127.0.0.1", *options)) as served:
        yield served


def test_what_a_neighbour_has_does_not_come_over_the_uplink(road, tmp_path):
    with Relay(road.sshd.port) as relay, neighbour(road) as served:
        second = Second(road, tmp_path / "second", relay)
        report = second.sync("--neighbour", served.url).json
        assert report["failed"] == []
        assert relay.total_bytes < METADATA_BYTES
        assert report["neighbour_bytes"] > 4 * MIB
        wait_for(lambda: relay.total_bytes >= report["wire_bytes"], timeout_s=20)  # the hub ends before it
        assert relay.total_bytes - report["wire_bytes"] <= GOODBYE_BYTES
        assert second.versions() == {"fractions": 1}
        assert second.is_whole()
        assert second.sync("--neighbour", served.url).json["neighbour_bytes"] == 0


def test_a_neighbour_that_still_has_the_version_before_gives_what_did_not_change(road, tmp_path):
    source = make_source(road.folder / "edited", 2, film_of=1)
    must("central", "--dir", road.central, "publish", road.build(source))
    try:
        with Relay(road.sshd.port) as relay, neighbour(road) as served:
            second = Second(road, tmp_path / "newer", relay)
            report = second.sync("--neighbour", served.url).json
            assert report["done"] == ["install fractions@2"]
            assert report["neighbour_bytes"] > 4 * MIB
            block = min(p.stat().st_size for p in (road.depot / "packs/fractions/2").glob("blocks.*"))
            index = (road.depot / "packs/fractions/2/index.zst").stat().st_size
            assert relay.total_bytes < METADATA_BYTES + index + block
            assert report["plan"][0]["download_bytes"] <= block, "the plan counts what neighbours gave"
            assert second.is_whole()
    finally:
        must("central", "--dir", road.central, "withdraw", "fractions@2")


@contextmanager
def announced(paths):
    """Announce a hub in a thread, as `hub announce` does."""
    until = threading.Event()
    thread = threading.Thread(
        target=discovery.announce, args=[paths, read_settings(paths)], kwargs={"until": until}
    )
    thread.start()
    try:
        yield
    finally:
        until.set()
        thread.join()


def test_hubs_find_each_other_by_themselves(road, tmp_path, monkeypatch):
    monkeypatch.setattr(discovery, "list_addresses", lambda: ["127.0.0.1"])
    with Relay(road.sshd.port) as relay, neighbour(road) as served, announced(HubPaths(road.hub)):
        second = Second(road, tmp_path / "finds", relay)
        paths = HubPaths(second.dir)
        settings = read_settings(paths)
        find = find_neighbours(settings, (), none=False)
        # Multicast on a busy machine: what was not heard in one second is in the next.
        heard = next(filter(None, (find() for _ in range(10))))
        assert heard == [f"{served.url}/"]
        relay.reset_counts()
        report = sync(paths, settings, source=None, progress=Progress(), find_neighbours=lambda: heard)
        assert report.neighbour_bytes > 4 * MIB
        assert relay.total_bytes < METADATA_BYTES
        assert second.versions() == {"fractions": 1}


def test_a_hub_may_be_told_not_to_look(tmp_path):
    settings = HubSettings("h-1", "/depot", sync=SyncSettings(neighbours=False))
    assert find_neighbours(settings, (), none=False)() == ()
    assert find_neighbours(HubSettings("h-1", "/depot"), (), none=True)() == ()


def test_a_neighbour_that_goes_away_in_the_middle_leaves_the_rest_to_the_uplink(road, tmp_path):
    with Relay(road.sshd.port) as uplink, neighbour(road) as served, Relay(served.port) as near:
        near.cut_after(3 * MIB)
        second = Second(road, tmp_path / "left", uplink)
        ran = second.sync("--neighbour", f"http://127.0.0.1:{near.port}/")
        assert ran.code == 0, ran.err
        assert second.versions() == {"fractions": 1}
        assert 2 * MIB < ran.json["neighbour_bytes"] <= near.down_bytes  # it is asked once more after the cut
        assert uplink.total_bytes < 3 * MIB
        assert second.is_whole()


def test_a_stick_is_not_asked_of_neighbours(road, tmp_path):
    with Relay(road.sshd.port) as relay, neighbour(road) as served:
        second = Second(road, tmp_path / "stick", relay)
        report = second.sync("--from", road.depot, "--neighbour", served.url).json
        assert (report["neighbour_bytes"], relay.total_bytes) == (0, 0)
        assert second.versions() == {"fractions": 1}


@pytest.mark.parametrize("url", ["192.168.1.20", "https://192.168.1.20/", "http://hub/portal"])
def test_an_address_that_is_no_portal_is_refused_before_anything_is_done(road, url):
    ran = run("hub", "--dir", road.hub, "sync", "--neighbour", url)
    assert ran.code == 64
    assert "hub announce --list" in ran.err

"""What an uplink carries where another hub of the same network has the lessons already."""

from contextlib import ExitStack
from pathlib import Path

from bench import goals
from bench.contenders import point_at
from bench.measure import note, run
from bench.servers import portal
from bench.stories import Story
from bench.tables import Goal, Row, Table
from bench.trees import copy_tree, is_same_tree
from support.relay import Relay
from support.road import BIN, Road, must
from support.sources import write_source

_FIRST, _SECOND = "h-bench", "h-second"
_MAX_METADATA_BYTES = 20 * goals.KIB  # a session, the head, and no content


def measure(folder: Path, story: Story) -> Table:
    """Measure a first install of a story's third version, which the first hub has."""
    note("two hubs of one network")
    tree = story.trees[2]
    with ExitStack() as stack:
        road = Road(folder / "road", hub_id=_FIRST)
        stack.callback(road.stop)
        source = write_source(folder / "source", {}, id=story.pack, version=1, content="site", language="en")
        copy_tree(tree, source / "site")
        road.publish(source)
        second = _enrol_second(road, folder / "second")
        for hub_id in (_FIRST, _SECOND):
            must("central", "--dir", road.central, "assign", story.pack, "--hub", hub_id)
        alone = _sync(road, road.hub, "--no-neighbours")
        first = stack.enter_context(portal(road.hub))
        uplink = _sync(road, second, "--neighbour", f"http://127.0.0.1:{first.port}")
        assert is_same_tree(second / "packs" / story.pack / "current" / "files", tree), "other bytes came"
    goal = Goal("≤ 20 KiB: metadata only", _MAX_METADATA_BYTES)
    row = Row("v3, first install, by a neighbour", "bytes over the uplink", "B", uplink, "alone", alone, goal)
    return Table("Sync with a neighbour that has the lessons", [row], _NOTES, [], {})


def _enrol_second(road: Road, folder: Path) -> Path:
    root, url = road.central / "hub-root.json", road.sshd.url(str(road.depot))
    made = must(
        *("hub", "init", folder, "--root", root, "--depot", url),
        *("--host-key", road.folder / "host_key.pub", "--hub-id", _SECOND, "--json"),
    ).json
    road.sshd.authorize(made["public_key"])
    key = folder / "keys" / "id_ed25519.pub"
    must("central", "--dir", road.central, "enrol", _SECOND, key, "--school", "Школа")
    return folder


def _sync(road: Road, hub: Path, *options: str) -> int:
    """Return how many bytes of TCP a sync took of the uplink."""
    with Relay(road.sshd.port) as relay:
        point_at(hub, relay.port)
        run([BIN / "hub", "--dir", hub, "sync", *options])
        return relay.total_bytes


_NOTES = (
    "the first hub's portal serves what it has; the second takes it from there, each file known by its hash",
    "bytes: all TCP payload of both directions between the second hub and the depot, SSH included",
)

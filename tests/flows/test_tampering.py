"""Whatever is done to the depot or on the way: refused with the right error, and the old content stays."""

import hashlib
import json
import shutil
from datetime import UTC, datetime

import pytest
from backports import zstd

from content_packs.head import decode_head
from content_packs.trust_cache import COPIES
from provisioning.central.fleet import Published
from provisioning.central.office import Office
from provisioning.central.release import change
from support.built import MIB, random_bytes
from support.road import Road, must, run
from support.sources import PAGE, read_tree, write_source

FILES = {
    "index.html": PAGE.format("Урок", "дроби").encode(),
    "photo.jpg": random_bytes(50_000, 1),
    "film.mp4": random_bytes(1_200_000, 2),
}

# Nothing in common, so that a sync to version 2 reads every byte of it.
LATER = {path: data[::-1] for path, data in FILES.items()} | {
    "index.html": b"<!doctype html><title>v2</title>"
}
FILM_SHA256 = hashlib.sha256(LATER["film.mp4"]).hexdigest()


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    road = Road(tmp_path_factory.mktemp("tampering"))
    road.publish(write_source(road.folder / "lesson-1", FILES, id="lesson", version=1))
    road.assign("lesson")
    assert road.sync().code == 0
    shutil.copytree(road.depot, road.folder / "depot-1")
    road.publish(write_source(road.folder / "lesson-2", LATER, id="lesson", version=2))
    shutil.copytree(road.depot, road.folder / "depot-2")
    shutil.copytree(road.hub, road.folder / "hub-1", symlinks=True)
    shutil.copytree(road.hub, road.folder / "hub-forgetful", symlinks=True)
    for copy in COPIES:
        (road.folder / "hub-forgetful/trust" / copy).unlink()
    yield road
    road.stop()


@pytest.fixture(autouse=True)
def fresh(road):
    """Before each test: the depot holds version 2, the hub version 1."""
    restore(road, "depot-2", road.depot)
    restore(road, "hub-1", road.hub)


def restore(road, name, place):
    shutil.rmtree(place)
    shutil.copytree(road.folder / name, place, symlinks=True)


def shown(road):
    return read_tree(road.hub / "packs/lesson/current/files")


def refused(road, code, *, advice=True):
    """The sync fails with `code`, in words, and learners see what they saw."""
    ran = road.sync()
    assert ran.code == code, f"exit {ran.code}\n{ran.out}{ran.err}"
    assert "Traceback" not in ran.err
    assert "error [" in ran.err
    assert "next:" in ran.err or not advice
    assert shown(road) == FILES
    return ran


def files_of(road, *patterns):
    """Every file of the depot that fits one of the patterns; there must be some for each."""
    found = [sorted(path for path in road.depot.glob(pattern) if path.is_file()) for pattern in patterns]
    assert all(found)
    return [path for paths in found for path in paths]


def spoil_each(road, paths, *, hub="hub-1", advice=True):
    """Change the first, the middle and the last byte of each file: refused each time, and then not."""
    restore(road, hub, road.hub)
    for path in paths:
        whole = path.read_bytes()
        for position in (0, len(whole) // 2, len(whole) - 1):
            data = bytearray(whole)
            data[position] ^= 1  # turns no hexadecimal digit into itself in capitals
            path.write_bytes(data)
            refused(road, 65, advice=advice)
            restore(road, hub, road.hub)  # what it has of other files it would not read again
        path.write_bytes(whole)
    assert road.sync().code == 0
    assert shown(road) == LATER


def test_any_changed_byte_of_the_head_is_refused_though_the_signed_files_are_whole(road):
    without_news(road)
    spoil_each(road, files_of(road, "heads/*"))


def without_news(road):
    """So that the head itself is read."""
    shutil.rmtree(road.depot / "news")


def test_spoilt_news_only_mean_that_the_head_itself_is_read(road):
    for path in files_of(road, "news/*/*"):
        path.write_bytes(path.read_bytes()[:-1])
    assert road.sync().code == 0
    assert shown(road) == LATER


def test_any_changed_byte_of_any_file_of_a_pack_is_refused(road):
    spoil_each(road, files_of(road, "packs/lesson/2/*", f"objects/*/{FILM_SHA256}/*"), advice=False)


def test_any_changed_byte_of_any_signed_file_is_refused_where_there_is_no_head(road):
    [head] = files_of(road, "heads/*")
    needed = [road.depot / "tuf" / name for name in decode_head(head.read_bytes())]
    assert len(needed) == 7
    shutil.rmtree(road.depot / "heads")
    without_news(road)
    spoil_each(road, needed, hub="hub-forgetful")  # another one reads only what has changed


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-1], lambda data: data + b"0"])
def test_a_head_that_is_cut_or_has_grown_is_refused(road, damage):
    without_news(road)
    [head] = files_of(road, "heads/*")
    head.write_bytes(damage(head.read_bytes()))
    refused(road, 65)


def test_a_changed_large_file_is_refused_by_a_new_hub(road):
    for path in sorted((road.depot / "objects").rglob("000")):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    shutil.rmtree(road.hub / "packs")
    shutil.rmtree(road.hub / "store")
    ran = road.sync()
    assert ran.code == 65
    assert "hash" in ran.err
    assert not (road.hub / "packs/lesson/current").exists()


def test_an_older_depot_is_refused_as_a_rollback(road):
    assert road.sync().code == 0
    newer = shown(road)
    shutil.rmtree(road.depot)
    shutil.copytree(road.folder / "depot-1", road.depot)
    ran = road.sync()
    assert ran.code == 65
    assert "version-rollback" in ran.err
    assert shown(road) == newer


def test_metadata_of_another_office_is_refused(road, tmp_path):
    other = tmp_path / "other"
    must("central", "init", other)
    must("central", "--dir", other, "enrol", road.hub_id, road.hub / "keys/id_ed25519.pub", "--school", "X")
    built = road.build(
        write_source(tmp_path / "evil", {"index.html": b"<title>evil</title>"}, id="lesson", version=9)
    )
    must("central", "--dir", other, "publish", built)
    must("central", "--dir", other, "assign", "lesson", "--hub", road.hub_id)
    shutil.rmtree(road.depot)
    shutil.copytree(other / "depot", road.depot)
    ran = refused(road, 65)
    assert "bad-signature" in ran.err


def test_a_missing_file_is_refused_by_name(road):
    (road.depot / "packs/lesson/2/index.zst").unlink()
    ran = refused(road, 65)
    assert "packs/lesson/2/index.zst" in ran.err


# --- what the office itself signed, but should never have ---


def lie(*path):
    """Return a change of an index: (…members, value) or a function of the old value."""

    def apply(values):
        *way, last, value = path
        for step in way:
            values = values[step]
        values[last] = value(values[last]) if callable(value) else value

    return apply


def nothing(values):
    pass


def solid(values):
    """Return the block that is a zstd frame."""
    return next(block for block in values["blocks"] if block["codec"] == "zstd")


def page(values):
    """Return the first content of that block."""
    return solid(values)["contents"][0]


HOSTILE = {
    "a path that leaves the pack": lambda v: lie("paths", ["../../../escaped.html"])(page(v)),
    "an absolute path": lambda v: lie("paths", ["/etc/escaped.html"])(page(v)),
    "two names that are one on some disks": lambda v: lie("paths", ["PHOTO.JPG"])(page(v)),
    "details that are no object": lie("details", ["index.html"]),
    "an unknown kind": lie("pack", "kind", "flash"),
    "another pack's id": lie("pack", "id", "maths"),
    "another version": lie("pack", "version", 4),
    "a file that is larger than its block": lambda v: lie("size", 3 * MIB)(page(v)),
    "a file that is a byte shorter": lambda v: lie("size", lambda size: size - 1)(page(v)),
    "a negative size": lambda v: lie("size", -1)(page(v)),
    "a file of another hash": lambda v: lie("sha256", "0" * 64)(page(v)),
    "one content at two places": lambda v: solid(v)["contents"].append(page(v)),
    "a block that is a byte longer": lambda v: lie("size", lambda size: size + 1)(solid(v)),
    "a block of another hash": lambda v: lie("sha256", "0" * 64)(solid(v)),
    "a block that is not there": lambda v: v["blocks"].append(
        {"codec": "raw", "contents": [{"paths": ["ghost.png"], "size": 9, "sha256": "0" * 64}]}
    ),
    "an object of a terabyte": lie("objects", 0, "size", 1024**4),
    "an object that is a byte longer": lie("objects", 0, "size", lambda size: size + 1),
    "an object with a wrong slice": lie("objects", 0, "slices", 0, "0" * 64),
}


def publish_unchecked(road, change_index, *, longer=0):
    """Sign and publish version 3 with this index, past all the checks of `packs` and `central`."""
    folder = road.folder / "built" / "lesson-2"
    values = json.loads(zstd.decompress((folder / "index.zst").read_bytes()))
    values["pack"]["version"] = 3
    change_index(values)
    data = zstd.compress(json.dumps(values).encode())
    shutil.copytree(folder, road.depot, dirs_exist_ok=True, ignore=lambda *_: ["index.zst", "blocks.000"])
    place = road.depot / "packs/lesson/3"
    place.mkdir()
    shutil.copy(folder / "blocks.000", place)
    (place / "index.zst").write_bytes(data)
    now = datetime.now(UTC)
    pack = Published(
        pack_id="lesson",
        version=3,
        kind="web",
        title="Урок",
        language="uk",
        index_sha256=hashlib.sha256(data).hexdigest(),
        index_length=len(data) + longer,
        index_json_sha256=hashlib.sha256(json.dumps(values).encode()).hexdigest(),
        index_json_size=len(json.dumps(values).encode()),
        download_bytes=1,
        unpacked_bytes=1,
        published_at=now.isoformat(),
    )
    change(Office(road.central), lambda fleet: fleet.save_pack(pack), doing="hostile", now=now)


def test_honest_index_that_was_published_in_the_same_way_is_installed(road):
    publish_unchecked(road, nothing)
    assert road.sync().code == 0
    assert shown(road) == LATER


@pytest.mark.parametrize("what", HOSTILE)
def test_signed_index_that_lies_is_refused(road, what):
    publish_unchecked(road, HOSTILE[what])
    refused(road, 65, advice=False)
    assert not list(road.folder.rglob("escaped*"))


def test_index_that_is_longer_than_was_signed_is_refused(road):
    publish_unchecked(road, nothing, longer=-1)
    refused(road, 65, advice=False)


# --- who is at the other end ---


def test_another_host_key_is_refused(road):
    road.sshd.restart(new_host_keys=True)
    try:
        ran = refused(road, 77)
        assert "host-key-changed" in ran.err
    finally:
        key = road.folder / "host_key.pub"
        key.write_text("\n".join(road.sshd.host_keys) + "\n")
        shutil.copy(key, road.folder / "hub-1/keys/depot_host_keys")


def test_a_refused_hub_key_says_to_ask_the_office(road):
    other = run(
        "hub",
        "init",
        road.folder / "stranger",
        "--root",
        road.central / "hub-root.json",
        "--depot",
        road.sshd.url(str(road.depot)),
        "--host-key",
        road.folder / "host_key.pub",
    )
    assert other.code == 0, other.err
    ran = run("hub", "--dir", road.folder / "stranger", "sync")
    assert ran.code == 77
    assert "hub-key-refused" in ran.err
    assert "office" in ran.err


def test_a_depot_that_is_not_there_means_try_again_later(road):
    port = road.sshd.port
    road.sshd.stop()
    try:
        ran = refused(road, 75)
        assert str(port) in ran.err
    finally:
        road.sshd.start()

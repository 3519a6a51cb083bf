"""A version comes as a delta of an earlier one: what travels, what is cut, what is wrong."""

import hashlib
import random
import shutil
from dataclasses import replace

import pytest

from content_packs.depot import MIB
from content_packs.errors import BadDataError, IdentityError, LinkTimeoutError, LocalError
from content_packs.transports.local import open_local
from hub.library.installed import read_installed_index_json
from hub.sync import wrong
from support.built import random_bytes
from support.sources import PAGE
from support.versions import Depot, Hub, build_version

WORDS = [random_bytes(6, n).hex() for n in range(400)]


def text(seed: int, words: int = 600) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def pages(version: int) -> dict[str, bytes]:
    """Forty pages of which three change with each version, one more that moves, a film with an insertion."""
    files = {f"p{n:02}.html": PAGE.format(n, text(n)).encode() for n in range(40)}
    for changed in range(1, version):
        for n in range(3):
            name = f"p{changed * 5 + n:02}.html"
            files[name] = files[name].replace(b"<p>", f"<p>edited in {changed + 1} ".encode())
    film = bytearray(random_bytes(3 * MIB + 100, 7))
    for changed in range(1, version):
        film[changed * MIB : changed * MIB] = random_bytes(50, changed)
    files |= {"index.html": PAGE.format("Урок", "зміст").encode(), "film.mp4": bytes(film)}
    return files | {f"chapter-{version}/moved.html": PAGE.format("m", text(99)).encode()}


@pytest.fixture(scope="module")
def depot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("depot")
    made = Depot(folder / "depot")
    for version in (1, 2, 3):
        made.add(build_version(folder, pages(version), version), since=(version - 1,) if version > 1 else ())
    return made


@pytest.fixture
def copied(depot, tmp_path):
    """The same depot, to be damaged."""
    shutil.copytree(depot.folder, tmp_path / "depot")
    return Depot(tmp_path / "depot", depot.built, depot.deltas)


@pytest.fixture
def hub(depot, tmp_path):
    return ready(tmp_path, depot)


FILM = {"film.mp4": random_bytes(17 * MIB, 3)}
LONGER_FILM = {"film.mp4": FILM["film.mp4"] + b"the end"}


def ready(folder, depot):
    """Return a hub that has version 1."""
    hub = Hub(folder / "hub", depot.folder)
    hub.bring(depot.offer(1))
    return hub


def damage(path, at, length=1):
    data = bytearray(path.read_bytes())
    data[at : at + length] = bytes(byte ^ 0x55 for byte in data[at : at + length])
    path.chmod(0o644)
    path.write_bytes(data)


def test_an_update_is_the_delta_and_nothing_else(hub, depot):
    road = hub.bring(depot.offer(2))
    assert hub.files() == pages(2)
    [delta] = depot.deltas[2]
    assert road.given == {"delta.1": delta.size}
    assert delta.size < 10_000
    assert hub.need.download_bytes == delta.size - delta.head_size
    assert road.runs == 2, "one go for the head, one for all the rest"


def test_a_chain_of_deltas_makes_a_version_without_installing_those_between(hub, depot):
    road = hub.bring(depot.offer(3, chain=(2,)))
    assert hub.files() == pages(3)
    assert set(road.given) == {"delta.1", "delta.2"}
    assert sorted(p.name for p in (hub.paths.packs / "lesson").iterdir()) == ["1", "3", "current"]
    here = hub.here()
    here.store.clear_incoming()
    here.store.sweep(keep=())
    assert hub.files() == pages(3)


def test_cuts_at_any_byte_cost_no_byte_of_a_delta_twice(hub, depot):
    chance = random.Random(1)
    came, cuts = 0, 0
    while hub.files() != pages(2):
        came += hub.bring(depot.offer(2), cut_after=chance.randrange(1, 200)).given.total()
        cuts += 1
    assert cuts > 5
    assert came == depot.deltas[2][0].size


def test_reboots_between_the_cuts_cost_no_byte_either(hub, depot):
    came, boot = 0, 1
    while hub.files() != pages(2):
        boot += 1
        for _ in hub.here(f"boot-{boot}").store.adopt_earlier_boots():
            pass
        came += hub.bring(depot.offer(2), cut_after=150, boot_id=f"boot-{boot}").given.total()
    assert boot > 5
    assert came == depot.deltas[2][0].size


@pytest.mark.parametrize("where", ["head", "patch"])
def test_a_damaged_delta_is_replaced_by_blocks_and_never_asked_for_again(tmp_path, copied, where):
    hub = ready(tmp_path, copied)
    [delta] = copied.deltas[2]
    damage(copied.folder / "packs/lesson/2/delta.1", 10 if where == "head" else delta.head_size + 10)
    hub.bring(copied.offer(2))
    assert hub.files() == pages(2)
    assert any("blocks are fetched instead" in note for note in hub.notes)
    again = ready(tmp_path / "again", copied)
    again.here().wrong.path.write_bytes(hub.here().wrong.path.read_bytes())
    road = again.bring(copied.offer(2))
    assert again.files() == pages(2)
    if where == "head":
        assert "delta.1" not in road.given
    else:
        assert road.given["delta.1"] < delta.size


def test_a_missing_delta_is_replaced_by_blocks(tmp_path, copied):
    hub = ready(tmp_path, copied)
    (copied.folder / "packs/lesson/2/delta.1").unlink()
    road = hub.bring(copied.offer(2))
    assert hub.files() == pages(2)
    assert "delta.1" not in road.given
    assert len(hub.notes) == 1


def test_a_delta_that_vanishes_after_its_head_was_read_is_replaced_by_blocks(tmp_path, copied):
    hub = ready(tmp_path, copied)
    head_size = copied.deltas[2][0].head_size
    assert hub.bring(copied.offer(2), cut_after=head_size).given == {"delta.1": head_size}
    (copied.folder / "packs/lesson/2/delta.1").unlink()
    hub.bring(copied.offer(2))
    assert hub.files() == pages(2)


class Unreadable:
    """A depot in which everything can be read but the delta, from so many bytes on."""

    def __init__(self, inner, error, readable_bytes=0):
        self.inner, self.error, self.readable_bytes = inner, error, readable_bytes

    def read_ranges(self, ranges):
        for part in ranges:
            if part.path.endswith("delta.1") and part.offset + part.length > self.readable_bytes:
                raise self.error
            yield from self.inner.read_ranges([part])


@pytest.mark.parametrize("error", [BadDataError("status 4"), LocalError("EIO"), IdentityError("403")])
@pytest.mark.parametrize("where", ["head", "patch"])
def test_a_delta_that_cannot_be_read_is_replaced_by_blocks_and_never_asked_for_again(
    tmp_path, copied, error, where
):
    hub = ready(tmp_path, copied)
    readable = 0 if where == "head" else copied.deltas[2][0].head_size
    hub.open_depot = lambda: Unreadable(open_local(copied.folder), error, readable)
    hub.bring(copied.offer(2))
    assert hub.files() == pages(2)
    assert [note for note in hub.notes if "blocks are fetched instead" in note] == hub.notes
    assert len(hub.notes) == 1
    again = ready(tmp_path / "again", copied)
    again.here().wrong.path.write_bytes(hub.here().wrong.path.read_bytes())
    assert "delta.1" not in again.bring(copied.offer(2)).given


def test_a_depot_that_refuses_the_blocks_as_well_is_no_fault_of_the_delta(hub, depot):
    class Refusing:
        def read_ranges(self, ranges):
            raise IdentityError("403")
            yield

    hub.open_depot = Refusing
    with pytest.raises(IdentityError):
        hub.bring(depot.offer(2))


@pytest.mark.parametrize("where", ["head", "patch"])
def test_a_delta_of_which_no_byte_comes_in_two_syncs_is_replaced_by_blocks(tmp_path, copied, where):
    hub = ready(tmp_path, copied)
    readable = 0 if where == "head" else copied.deltas[2][0].head_size
    silent = Unreadable(open_local(copied.folder), LinkTimeoutError("silent"), readable)
    hub.open_depot = lambda: silent
    for _ in range(2):
        with pytest.raises(LinkTimeoutError):
            hub.bring(copied.offer(2))
    hub.bring(copied.offer(2))
    assert hub.files() == pages(2)


@pytest.mark.parametrize("heard", ["bytes of it", "another state of the depot"])
def test_a_silence_is_the_links_where_something_came_in_between(tmp_path, copied, heard):
    hub = ready(tmp_path, copied)
    [delta] = copied.deltas[2]

    def silence():
        hub.open_depot = lambda: Unreadable(open_local(copied.folder), LinkTimeoutError("silent"))
        with pytest.raises(LinkTimeoutError):
            hub.bring(copied.offer(2))

    silence()
    hub.open_depot = lambda: open_local(copied.folder)
    if heard == "bytes of it":
        hub.bring(copied.offer(2), cut_after=5)
    else:
        hub.state = "a depot of today"
    silence()
    hub.open_depot = lambda: open_local(copied.folder)
    assert hub.bring(copied.offer(2)).given["delta.1"] == delta.size - (5 if heard == "bytes of it" else 0)


def test_a_delta_that_is_wrong_throughout_is_noted_and_written_once(tmp_path, monkeypatch):
    rng = random.Random(5)
    old = {f"p{n:03}.html": rng.randbytes(100_000) for n in range(12)}
    new = {name: data[:50_000] + b"edited" + data[50_000:] for name, data in old.items()}
    made = Depot(tmp_path / "depot")
    first = {"index.html": PAGE.format("i", "1").encode()}
    made.add(build_version(tmp_path, first | old | FILM, 1))
    made.add(build_version(tmp_path, first | new | LONGER_FILM, 2), since=(1,))
    [delta] = made.deltas[2]
    hub = ready(tmp_path, made)
    damage(made.folder / "packs/lesson/2/delta.1", delta.head_size, delta.size - delta.head_size)
    writes = []
    monkeypatch.setattr(wrong, "write_durably", lambda *written: writes.append(written))
    hub.bring(made.offer(2))
    assert hub.files() == first | new | LONGER_FILM
    assert len(hub.notes) == 1
    assert len(writes) == 1
    assert writes[0][1].count(b'"until"') > 1


def test_a_damaged_earlier_file_is_replaced_by_blocks(hub, depot):
    damage(hub.paths.packs / "lesson/1/files/p05.html", 20)
    damage(hub.paths.packs / "lesson/1/files/film.mp4", MIB + 20, 4096)
    hub.bring(depot.offer(2))
    assert hub.files() == pages(2)
    assert hub.notes


def test_a_damaged_earlier_index_is_replaced_by_a_whole_one(hub, depot):
    damage(hub.paths.packs / "lesson/1/index.zst", 30, 50)
    road = hub.bring(depot.offer(2))
    assert hub.files() == pages(2)
    assert "index.zst" in road.given


def test_what_came_of_a_patch_and_was_damaged_here_comes_once_more_and_not_as_blocks(hub, depot):
    [delta] = depot.deltas[2]
    hub.bring(depot.offer(2), cut_after=delta.size - 200)
    here = hub.here("boot-2")
    list(here.store.adopt_earlier_boots())
    parts = sorted(here.store.incoming.glob("*.unsure"), key=lambda path: path.stat().st_size)
    patch = next(path for path in parts if 0 < path.stat().st_size not in (delta.head_size,))
    damage(patch, 5, 20)
    road = hub.bring(depot.offer(2), boot_id="boot-2")
    assert hub.files() == pages(2)
    assert set(road.given) == {"delta.1"}


def test_what_came_of_a_head_and_was_damaged_here_comes_once_more(hub, depot):
    [delta] = depot.deltas[2]
    hub.bring(depot.offer(2), cut_after=delta.head_size)
    here = hub.here("boot-2")
    list(here.store.adopt_earlier_boots())
    (head,) = here.store.incoming.glob("*.unsure")
    damage(head, 8, 20)
    road = hub.bring(depot.offer(2), boot_id="boot-2")
    assert hub.files() == pages(2)
    assert road.given == {"delta.1": delta.size}
    assert hub.notes == []


def test_what_came_of_an_index_and_was_damaged_here_comes_once_more(depot, tmp_path):
    hub = Hub(tmp_path / "hub", depot.folder)
    offer = depot.offer(1)
    hub.bring(offer, cut_after=offer.index_length - 5)
    here = hub.here()
    (part,) = here.store.incoming.glob("*.part")
    damage(part, 8, 20)
    road = hub.bring(offer)
    assert hub.files() == pages(1)
    assert road.given["index.zst"] == 5 + offer.index_length


def test_the_installed_index_unpacks_to_the_signed_json(hub, depot):
    hub.bring(depot.offer(2))
    found = read_installed_index_json(hub.paths, "lesson", 2)
    assert hashlib.sha256(found).hexdigest() == depot.offer(2).index_json_sha256


def test_a_version_of_another_kind_than_was_signed_is_refused(hub, depot):
    """Who may sign lessons must not bring the hub's own software under a lesson's name."""
    with pytest.raises(BadDataError, match=r"v2 \(files\): is of .* v2 \(web\)"):
        hub.bring(replace(depot.offer(2), kind="files"))
    hub.bring(depot.offer(2))

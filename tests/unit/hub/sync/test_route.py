"""Which way a version comes here: pure decisions from sizes and from what is on the disk."""

from dataclasses import replace

from content_packs.delta import Patch, Piece
from content_packs.depot import MIB
from content_packs.index import Block, FileEntry, Index, LargeObject
from content_packs.meta import PackMeta
from content_packs.trust import DeltaOffer, Offer
from hub.sync.route import OnDisk, RouteStep, choose_parcels, find_route

PACK = PackMeta(id="lesson", version=2, kind="web", title="Урок", language="uk", licence="CC-BY-4.0")
OFFER = Offer("lesson", 4, "web", "Урок", "uk", "i" * 64, 1000, "j" * 64, 5000, 100_000, 400_000)


def delta(old: int, new: int, size: int) -> DeltaOffer:
    return DeltaOffer(old, new, size, size // 10, "j" * 64, 5000)


def route(*deltas: DeltaOffer, whole=(1, 2, 3), barred=()) -> list[tuple[int, int]]:
    found = find_route(replace(OFFER, deltas=deltas), whole, lambda one: one in barred)
    return [(one.from_version, one.to_version) for one in found]


def test_the_cheapest_delta_is_taken_from_whatever_version_is_here():
    assert route(delta(1, 4, 900), delta(3, 4, 700), delta(2, 4, 800)) == [(3, 4)]
    assert route(delta(1, 4, 900), delta(3, 4, 700), whole=(1,)) == [(1, 4)]


def test_a_chain_is_taken_where_it_is_cheaper():
    steps = (delta(1, 2, 100), delta(2, 3, 100), delta(3, 4, 100))
    assert route(*steps, delta(1, 4, 500), whole=(1,)) == [(1, 2), (2, 3), (3, 4)]
    assert route(*steps, delta(1, 4, 250), whole=(1,)) == [(1, 4)]


def test_without_an_earlier_version_there_is_no_route():
    assert route(delta(1, 4, 900), whole=()) == []
    assert route(delta(1, 2, 900), whole=(1,)) == []


def test_a_delta_that_came_wrong_before_is_not_taken_again():
    bad = delta(3, 4, 10)
    assert route(bad, delta(2, 4, 800), barred=(bad,)) == [(2, 4)]


def test_a_delta_larger_than_the_whole_pack_is_not_taken():
    assert route(delta(3, 4, 200_000)) == []


SMALL = {"a": 1000, "b": 2000, "c": 3000}
BLOCKS = (Block(0, 0, 700, 3000, "1" * 64, "zstd"), Block(0, 700, 2500, 3000, "2" * 64, "raw"))
FILES = (
    FileEntry("a", 1000, "a" * 64, 0, 0),
    FileEntry("b", 2000, "b" * 64, 0, 1000),
    FileEntry("c", 3000, "c" * 64, 1, 0),
)
FILM = LargeObject("f" * 64, 3 * MIB + 5, ("s" * 64,) * 4)


def here(*have: str, begun: dict[str, int] | None = None, slices: frozenset[int] = frozenset()) -> OnDisk:
    hashes = {letter * 64 for letter in have}
    return OnDisk(lambda sha, _: sha in hashes, lambda name: (begun or {}).get(name, 0), lambda _: slices)


def index(*files: FileEntry, film: bool = False) -> Index:
    listed = (*files, FileEntry("film", FILM.size, FILM.sha256)) if film else files
    return Index(PACK, listed, blocks=BLOCKS, objects={FILM.sha256: FILM} if film else {})


def step(
    version: int, old: dict[str, int], new: dict[str, int], *patches: tuple[int, str, str], film: bool = False
) -> RouteStep:
    """A step whose patches are (bytes, letters of old files, letters of new files)."""
    olds, news = list(old), list(new)
    made, start = [], 10
    for size, takes, makes in patches:
        made.append(
            Patch(
                start,
                size,
                tuple(Piece(olds.index(letter), 0, old[letter]) for letter in takes),
                tuple(Piece(news.index(letter), 0, new[letter]) for letter in makes),
            )
        )
        start += size
    return RouteStep(
        f"packs/lesson/{version}/delta.{version - 1}",
        "j" * 64,
        tuple(made),
        tuple((letter * 64, size) for letter, size in old.items()),
        tuple((letter * 64, size) for letter, size in new.items()),
        {FILM.sha256: FILM} if film else {},
    )


def names(parcels) -> list[str]:
    return [f"patch {p.size}" if p.patch else f"block {p.sha256[0]}" if p.block else "film" for p in parcels]


def test_a_patch_replaces_the_block_that_it_saves():
    one = step(2, {"x": 900}, SMALL, (50, "x", "ab"))
    assert names(choose_parcels(index(*FILES), [one], here("x"))) == ["patch 50", "block 2"]


def test_a_patch_whose_files_are_all_here_is_left_out():
    one = step(2, {"x": 900}, SMALL, (50, "x", "ab"), (60, "x", "c"))
    assert names(choose_parcels(index(*FILES), [one], here("x", "a", "b"))) == ["patch 60"]


def test_a_patch_that_costs_more_than_what_is_still_missing_is_left_out():
    one = step(2, {"x": 900}, SMALL, (50, "x", "ab"))
    begun = {BLOCKS[0].sha256: 660}
    assert names(choose_parcels(index(*FILES), [one], here("x"), lambda _: False)) == ["patch 50", "block 2"]
    assert names(choose_parcels(index(*FILES), [one], here("x", begun=begun))) == ["block 1", "block 2"]


def test_a_patch_that_has_begun_to_come_counts_only_what_is_left_of_it():
    one = step(2, {"x": 900}, SMALL, (5000, "x", "abc"))
    assert names(choose_parcels(index(*FILES), [one], here("x"))) == ["block 1", "block 2"]
    begun = {one.name_of(one.patches[0]): 4900}
    assert names(choose_parcels(index(*FILES), [one], here("x", begun=begun))) == ["patch 5000"]


def test_a_file_that_no_patch_makes_brings_its_block_and_with_it_its_neighbours():
    one = step(2, {"x": 900}, SMALL, (50, "x", "a"))
    assert names(choose_parcels(index(*FILES), [one], here("x", "c"))) == ["block 1"]


def test_a_patch_whose_earlier_file_is_gone_is_not_counted_on():
    one = step(2, {"x": 900}, SMALL, (50, "x", "ab"))
    assert names(choose_parcels(index(*FILES), [one], here("c"))) == ["block 1"]


def test_a_barred_patch_is_replaced_by_blocks():
    one = step(2, {"x": 900}, SMALL, (50, "x", "ab"))
    barred = one.name_of(one.patches[0])
    assert names(choose_parcels(index(*FILES), [one], here("x", "c"), lambda name: name == barred)) == [
        "block 1"
    ]


def test_a_chain_fetches_the_patches_that_the_last_step_builds_on_first():
    first = step(2, {"x": 900}, {"y": 800, "a": 1000}, (30, "x", "y"), (20, "x", "a"))
    last = step(3, {"y": 800, "a": 1000}, SMALL, (40, "y", "b"), (60, "a", "c"))
    parcels = choose_parcels(index(*FILES), [first, last], here("x"))
    assert [p.patch.step.path[-7:] for p in parcels] == ["delta.1", "delta.1", "delta.2", "delta.2"]
    assert sum(p.size for p in parcels) == 150


def test_a_chain_that_costs_more_than_blocks_is_not_taken():
    first = step(2, {"x": 900}, {"y": 800}, (4000, "x", "y"))
    last = step(3, {"y": 800}, SMALL, (40, "y", "abc"))
    assert names(choose_parcels(index(*FILES), [first, last], here("x"))) == ["block 1", "block 2"]


def test_of_a_large_file_patches_bring_the_slices_that_they_make_and_the_depot_the_others():
    base = step(2, {"x": 900}, {"f": FILM.size}, film=True)
    window = Patch(10, 500, (Piece(0, 0, 900),), (Piece(0, 100, 2 * MIB),))  # slice 1 as a whole
    one = replace(base, patches=(window,))
    patch, film = choose_parcels(index(film=True), [one], here("x"))
    assert patch.size == 500
    assert film.brought == {1}
    assert film.slices == FILM.slices


def test_slices_that_are_here_need_no_patch():
    base = step(2, {"x": 900}, {"f": FILM.size}, film=True)
    window = Patch(10, 500, (Piece(0, 0, 900),), (Piece(0, MIB, MIB),))
    one = replace(base, patches=(window,))
    (film,) = choose_parcels(index(film=True), [one], here("x", slices=frozenset({1})))
    assert film.brought == frozenset()

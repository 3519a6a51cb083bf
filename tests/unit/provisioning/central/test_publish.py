"""What may be published, and what a depot looks like afterwards."""

import shutil
from dataclasses import replace

import pytest

from content_packs import depot as names
from content_packs.built import verify_built
from content_packs.errors import BadDataError, DiskFullError, LocalError, UsageError
from provisioning.central import publish as publishing
from provisioning.central.fleet import Published, open_fleet
from provisioning.central.publish import check_publish
from support.office import NOW, OfficeAtWork


def pack(version, *, sha="a", kind="web", size=1000):
    return Published("maths", version, kind, "T", "uk", sha * 64, 1, "c" * 64, 1, 1, size, "2026")


@pytest.fixture
def work(tmp_path):
    return OfficeAtWork.found(tmp_path / "central")


def listed(work):
    with open_fleet(work.office.fleet_db) as fleet:
        return {pack.name: pack for pack in fleet.list_packs()}


def tree(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_first_and_next_version_may_come():
    assert check_publish(pack(5), []) is None
    assert check_publish(pack(6, sha="b"), [pack(5)]) is None


def test_same_bytes_again_is_known():
    assert check_publish(pack(5), [pack(5)]) == pack(5)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (pack(5, sha="b"), "maths@5 was published with other bytes: index aaaaaaaaaaaa…, now bbbbbbbbbbbb…"),
        (pack(4, sha="b"), "maths@4: version 5 was published before, and versions only grow"),
        (pack(6, kind="zim"), "maths@6: kind 'zim', but maths@5 is 'web'"),
        (pack(6, size=799), "maths@6: 799 B, but maths@5 has 1.0 kB: more than 20% are missing"),
    ],
)
def test_refuses_with_both_values(new, message):
    with pytest.raises(BadDataError) as caught:
        check_publish(new, [pack(5)])
    assert caught.value.message == message
    assert caught.value.hint


def test_shrinking_by_a_fifth_is_fine_and_by_more_when_it_is_meant():
    assert check_publish(pack(6, size=800), [pack(5)]) is None
    assert check_publish(pack(6, size=1), [pack(5)], allow_shrink=True) is None


def test_size_is_compared_with_the_newest_that_was_not_withdrawn():
    wrong = replace(pack(5, size=9_000_000), withdrawn_at="2026-11-01T00:00:00+00:00")
    assert check_publish(pack(6, size=1000), [pack(4, size=1000), wrong]) is None
    with pytest.raises(BadDataError, match=r"maths@6: 1\.0 kB, but maths@4 has 2\.0 kB"):
        check_publish(pack(6, size=1000), [pack(4, size=2000), wrong])


def test_refusal_of_one_pack_keeps_all_out(work):
    work.publish(work.build("maths", 2))
    before = tree(work.office.dir)
    with pytest.raises(BadDataError):
        work.publish(work.build("art", 1), work.build("maths", 1))
    assert tree(work.office.dir) == before


def test_published_data_is_the_built_pack(work):
    built = work.build("maths", 1)
    work.publish(built)
    for path, source in built.list_files():
        assert (work.office.depot / path).read_bytes() == source.read_bytes()
        assert (work.office.depot / path).stat().st_ino != source.stat().st_ino
    verify_built(built)


def test_publishing_again_changes_nothing(work):
    built = work.build("maths", 1)
    work.publish(built)
    before = tree(work.office.depot)
    assert work.publish(built).already == ("maths@1",)
    assert tree(work.office.depot) == before


def test_half_copied_data_of_an_earlier_try_is_replaced(work):
    built = work.build("maths", 1)
    half = work.office.depot / names.blocks_path("maths", 1, 0)
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    work.publish(built)
    assert half.read_bytes() == (built.folder / "blocks.000").read_bytes()


def test_two_versions_in_one_go(work):
    outcome = work.publish(work.build("maths", 2), work.build("maths", 1))
    assert outcome.published == ("maths@1", "maths@2")


def test_data_is_on_the_disk_before_anything_names_it_also_after_a_cut_run(work, monkeypatch):
    """An earlier run copied everything and was ended before its sync: the kernel alone knows the data."""
    built = work.build("maths", 1)
    order = []

    def notice(folder):
        order.append((folder, (work.office.tuf / "2.snapshot.json").exists()))
        if len(order) == 1:
            raise OSError(5, "cut")

    monkeypatch.setattr(publishing, "sync_filesystem", notice)
    with pytest.raises(LocalError, match="cut"):
        work.publish(built)
    assert listed(work) == {}
    work.publish(built)
    assert order == [(work.office.depot, False)] * 2
    assert (work.office.tuf / "2.snapshot.json").exists()


def test_withdrawn_version_may_come_back_only_with_the_same_bytes(work):
    work.publish(work.build("maths", 1))
    work.withdraw("maths", 1)
    assert listed(work)["maths@1"].withdrawn_at
    shutil.rmtree(work.office.dir.parent / "built")
    with pytest.raises(BadDataError, match="other bytes"):
        work.publish(work.build("maths", 1, text="Інше"))
    shutil.rmtree(work.office.dir.parent / "built")
    assert work.publish(work.build("maths", 1)).published == ("maths@1",)
    assert listed(work)["maths@1"].withdrawn_at is None


def test_withdrawing_what_never_was_is_refused(work):
    with pytest.raises(UsageError, match="maths@1 was never published"):
        work.withdraw("maths", 1)


def test_full_disk_is_said_before_anything_is_copied(work, monkeypatch):
    built = work.build("maths", 1)
    before = tree(work.office.depot)
    full = shutil.disk_usage(work.office.dir)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(DiskFullError, match="10 free"):
        work.publish(built)
    assert tree(work.office.depot) == before


def test_another_packs_key_signs_nothing(work, tmp_path):
    other = OfficeAtWork.found(tmp_path / "other")
    key = "keys/offline/packs.pem"
    (work.office.dir / key).write_bytes((other.office.dir / key).read_bytes())
    before = tree(work.office.depot / "tuf")
    with pytest.raises(LocalError, match=r"packs\.pem is not the one that hubs know"):
        work.publish(work.build("maths", 1))
    assert tree(work.office.depot / "tuf") == before


def test_published_at_is_the_time_of_the_command(work):
    work.publish(work.build("maths", 1))
    assert listed(work)["maths@1"].published_at == NOW.isoformat()

import shutil

import pytest

from content_packs.check import check_source
from content_packs.errors import BadSourceError
from content_packs.kinds import KINDS
from content_packs.kinds.kind import InstalledTree
from content_packs.meta import PackMeta
from content_packs.source import open_source
from support.data import shared_data
from support.describing import describe
from support.sources import write_source

INVALID = ["invalid.bad_mimetype_list.zim", "invalid.outofbounds_clusterptrpos.zim"]
VALID = ["small.zim", "wikibooks_be_all_nopic_2017-02.zim"]


def zim_source(folder, *names, **others):
    write_source(folder, others, kind="zim", entry=None)
    for name in names:
        shutil.copy(shared_data("zim", name), folder / name)
    return open_source(folder)


@pytest.mark.parametrize("name", VALID)
def test_whole_archives_are_accepted_and_described(tmp_path, name):
    source = zim_source(tmp_path, name)
    assert check_source(source) == []
    details = describe(source, tmp_path / "made").details
    assert details["zim"] == name
    assert details["main"]
    assert details["articles"] > 0


@pytest.mark.parametrize("name", INVALID)
def test_broken_archives_are_refused_with_a_reason(tmp_path, name):
    source = zim_source(tmp_path, name)
    (found,) = check_source(source)
    assert found.path == name
    assert found.message.startswith("is not a whole ZIM archive: ")
    assert len(found.message) > 40
    with pytest.raises(BadSourceError):
        describe(source, tmp_path / "made")


def test_one_archive_makes_one_pack(tmp_path):
    (found,) = check_source(zim_source(tmp_path / "two", *VALID))
    assert "expected one .zim file, got 2" in found.message
    (found,) = check_source(zim_source(tmp_path / "parts", **{"a.zimaa": b"x", "a.zimab": b"y"}))
    assert "cat name.zim??" in found.hint


def test_files_beside_the_archive_are_a_warning(tmp_path):
    (found,) = check_source(zim_source(tmp_path, "small.zim", **{"README.txt": b"x"}))
    assert (found.path, found.severity) == ("README.txt", "warning")


def test_articles_are_documents_in_the_language_of_the_pack(tmp_path):
    source = zim_source(tmp_path, "wikibooks_be_all_nopic_2017-02.zim")
    details = describe(source, tmp_path / "made").details
    tree = InstalledTree(PackMeta.from_dict(source.values), details, source.content_dir, tmp_path)
    documents = list(KINDS["zim"].documents(tree))
    assert len(documents) == 66
    assert "Першая_старонка.html" in {document.path for document in documents}


@pytest.mark.parametrize("details", [{}, {"zim": 5}, {"zim": "../a.zim"}, {"zim": "no.zim"}])
def test_odd_details_yield_no_documents(tmp_path, details):
    shutil.copy(shared_data("zim", "small.zim"), tmp_path / "a.zim")
    content = tmp_path / "content"
    content.mkdir()
    meta = PackMeta("x", 1, "zim", "T", "uk", "MIT")
    assert list(KINDS["zim"].documents(InstalledTree(meta, details, content, tmp_path))) == []

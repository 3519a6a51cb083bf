import pytest

from content_packs.text.zim import ask_facts, read_articles
from support.data import shared_data


def test_facts_of_a_real_archive():
    facts = ask_facts(shared_data("zim", "wikibooks_be_all_nopic_2017-02.zim"))
    assert (facts.title, facts.language, facts.fault, facts.missing) == ("Wikibooks", "bel", "", ())
    assert (facts.articles, facts.media, facts.main) == (66, 34, "Першая_старонка.html")


def test_articles_are_read_without_redirects():
    articles = {path: (title, page) for path, title, page in read_articles(shared_data("zim", "small.zim"))}
    assert list(articles) == ["main.html"]
    assert articles["main.html"][0] == "Test ZIM file"
    wikibooks = list(read_articles(shared_data("zim", "wikibooks_be_all_nopic_2017-02.zim")))
    assert len(wikibooks) == 66
    assert sum(len(page.text) for _, _, page in wikibooks) > 50_000


@pytest.mark.parametrize("name", ["invalid.bad_mimetype_list.zim", "invalid.outofbounds_clusterptrpos.zim"])
def test_broken_archives_have_a_fault_and_no_articles(name):
    assert ask_facts(shared_data("zim", name)).fault
    assert list(read_articles(shared_data("zim", name))) == []


@pytest.mark.parametrize("place", [80, 2000, 20_000, 41_000])
def test_any_changed_byte_is_noticed(tmp_path, place):
    data = bytearray(shared_data("zim", "small.zim").read_bytes())
    data[place] ^= 0xFF
    path = tmp_path / "a.zim"
    path.write_bytes(data)
    assert ask_facts(path).fault


@pytest.mark.parametrize("size", [0, 10, 80, 20_000])
def test_a_cut_archive_is_noticed(tmp_path, size):
    path = tmp_path / "a.zim"
    path.write_bytes(shared_data("zim", "small.zim").read_bytes()[:size])
    assert ask_facts(path).fault

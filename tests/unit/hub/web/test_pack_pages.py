from urllib.parse import quote

from support.shelves import put_files_pack, put_lesson, put_textbook


def test_tells_all_about_a_pack(portal, paths, scratch):
    put_textbook(paths, scratch)
    page = portal.get("/pack/python-basics").text
    for fact in ("CC-BY-4.0", "OpenStax", "англійська", "МБ", "8, 9, 10, 11", 'href="/view/python-basics/"'):
        assert fact in page


def test_lists_every_item_with_a_link_to_read_and_one_to_keep(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/pack/maths-shelf").text
    name = quote("1 Вступ #1 100%.md")
    assert f'href="/view/maths-shelf/{name}"' in page
    assert f'href="http://localhost:8081/p/maths-shelf/{name}?download"' in page
    assert "9 матеріалів" in page


def test_addresses_follow_the_name_by_which_the_browser_knows_the_hub(portal, paths, scratch):
    put_files_pack(paths, scratch)
    page = portal.get("/pack/maths-shelf", headers={"Host": "hub.lan:8080"}).text
    assert "http://hub.lan:8081/p/maths-shelf/" in page
    assert "localhost" not in page


def test_an_unknown_pack_is_a_404(portal, paths, scratch):
    put_lesson(paths, scratch)
    assert portal.get("/pack/none").status_code == 404

from hub.web.zimproxy import ZimBook

BOOK = ZimBook("wiki-uk", 9000)


def test_asks_for_an_article_as_it_is():
    assert (
        BOOK.upstream_path("A/Ґава 100%?#")
        == "/raw/wiki-uk/content/A/%D2%90%D0%B0%D0%B2%D0%B0%20100%25%3F%23"
    )


def test_without_a_path_asks_for_the_main_page():
    assert BOOK.upstream_path("") == "/wiki-uk/"


def test_redirects_stay_inside_the_zim():
    assert BOOK.own_path("/wiki-uk/A/%D2%90") == "/z/wiki-uk/A/%D2%90"
    assert BOOK.own_path("/raw/wiki-uk/content/A/x") == "/z/wiki-uk/A/x"
    assert BOOK.own_path("http://127.0.0.1:9000/wiki-uk/x") == "/z/wiki-uk/x"
    assert BOOK.own_path("/other/x") is None
    assert BOOK.own_path("/catalog/v2") is None

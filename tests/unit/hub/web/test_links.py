from hub.web.links import view_path


def test_hits_lead_to_a_page_or_to_the_pack():
    assert view_path("book", "розділ/1 #2.html").startswith("/view/book/%D1")
    assert view_path("book", "a#b?c%.html") == "/view/book/a%23b%3Fc%25.html"
    assert view_path("book") == "/pack/book"

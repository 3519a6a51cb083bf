def test_tells_learners_how_to_find_open_and_keep(portal):
    page = portal.get("/help").text
    assert "Як знайти урок?" in page
    assert "Як узяти щось із собою?" in page


def test_tells_the_address_by_which_this_browser_knows_the_hub(portal):
    assert "<b>http://hub.lan:8080/</b>" in portal.get("/help", headers={"Host": "hub.lan"}).text


def test_teachers_have_a_page_of_their_own(portal):
    assert 'href="/help/teacher"' in portal.get("/help").text
    page = portal.get("/help/teacher", headers={"Host": "hub.lan"}).text
    assert "Підготувати урок" in page
    assert '<a href="/welcome">http://hub.lan:8080/welcome</a>' in page
    assert "&lt;a" not in page

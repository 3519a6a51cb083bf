def test_tells_learners_how_to_find_open_and_keep(portal):
    page = portal.get("/help").text
    assert "Як знайти урок?" in page
    assert "Як узяти щось із собою?" in page

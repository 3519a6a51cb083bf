def test_the_clock_can_be_set_from_this_browser_and_by_hand(technician):
    page = technician.get("/tech/power").text
    assert 'name="iso" data-now' in page
    assert 'name="date" type="date"' in page
    assert "/tech/do/power-off" in page
    assert "/tech/do/restart" in page

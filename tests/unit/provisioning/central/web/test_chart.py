from datetime import date, timedelta

import pytest

from provisioning.central.web.chart import HEIGHT, WIDTH, day_chart

FIRST = date(2026, 11, 1)


def days(*values):
    return [(FIRST + timedelta(days=number), value) for number, value in enumerate(values)]


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (2, 2), (3, 4), (7, 8), (11, 20), (45, 60), (90, 100), (101, 200)]
)
def test_the_axis_ends_at_a_round_number_with_a_round_half(most, top):
    assert [row.value for row in day_chart(days(most)).rows] == [0, top / 2, top]


def test_bars_stand_in_the_box_side_by_side_and_as_high_as_they_say():
    chart = day_chart(days(10, 0, 20, 5))
    assert chart.total == 35
    assert chart.bars[2].height == 2 * chart.bars[0].height == 4 * chart.bars[3].height
    assert chart.bars[1].height == 0
    for bar, beside in zip(chart.bars, chart.bars[1:], strict=False):
        assert bar.x + bar.width <= beside.x
        assert bar.y >= 0 and bar.y + bar.height <= HEIGHT and beside.x + beside.width <= WIDTH


def test_a_year_has_no_more_words_below_it_than_fit():
    assert len(day_chart(days(*[1] * 365)).columns) <= 8

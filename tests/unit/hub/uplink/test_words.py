"""How long it takes and how fast it is, in words."""

from datetime import datetime

import pytest

from hub.uplink.eta import Outlook
from hub.uplink.limits import Limits, Moment, Spent
from hub.uplink.words import eta_text, speed_text

NOON = Moment(datetime(2026, 11, 1, 12))  # noqa: DTZ001 - the hub's local time has no zone


@pytest.mark.parametrize(
    ("bytes_per_s", "text"),
    [(8000, "64 kbit/s"), (312_500, "2.5 Mbit/s"), (60_000_000, "480 Mbit/s"), (127_637_500, "1.0 Gbit/s")],
)
def test_speeds_read_as_those_who_sell_links_write_them(bytes_per_s, text):
    assert speed_text(bytes_per_s) == text


def test_less_than_a_minute_is_vague_enough():
    outlook = Outlook(127_637_500, Limits(), Spent(), NOON)
    assert eta_text(5000, outlook, stick_days=7) == "less than a minute at 1.0 Gbit/s"
    assert eta_text(127_637_500 * 120, outlook, stick_days=7) == "about 2 min at 1.0 Gbit/s"

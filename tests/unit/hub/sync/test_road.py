"""Which road a sync takes, and what that means."""

import pytest

from hub.sync.road import Road, find_road

SFTP, HTTPS = "sftp://hub@depot.example:22/", "https://cdn.example/"


@pytest.mark.parametrize(
    ("source", "depot_url", "road"),
    [
        (SFTP, SFTP, Road.UPLINK),
        (HTTPS, HTTPS, Road.UPLINK),
        (HTTPS, SFTP, Road.OTHER_DEPOT),
        ("/media/stick", SFTP, Road.STICK),
        ("/media/stick", "/srv/depot", Road.STICK),
        ("/srv/depot", "/srv/depot", Road.FOLDER),
    ],
)
def test_the_road_is_known_from_where_it_begins(source, depot_url, road):
    assert find_road(source, depot_url) is road


def test_only_a_network_costs_and_only_the_depot_of_the_settings_is_our_own():
    assert [road for road in Road if road.takes_uplink] == [Road.UPLINK, Road.OTHER_DEPOT]
    assert [road for road in Road if road.is_own] == [Road.UPLINK, Road.FOLDER]
    assert [road for road in Road if not road.uses_deltas] == [Road.STICK]

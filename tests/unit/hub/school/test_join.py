"""A phone's camera reads the network, whatever signs its name and password have."""

import pytest

from hub.school.join import join_text


@pytest.mark.parametrize(
    ("ssid", "password", "text"),
    [
        ("Школа-5", "na5 doshka!", "WIFI:T:WPA;S:Школа-5;P:na5 doshka!;;"),
        ("a;b,c", 'p:q"r\\s12', 'WIFI:T:WPA;S:a\\;b\\,c;P:p\\:q\\"r\\\\s12;;'),
        ("CAFE", "12345678", 'WIFI:T:WPA;S:"CAFE";P:"12345678";;'),
        ("open", "", "WIFI:T:nopass;S:open;;"),
    ],
)
def test_a_camera_reads_the_network(ssid, password, text):
    assert join_text(ssid, password) == text

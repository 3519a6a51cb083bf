import pytest

from hub.web.origins import host_name, origin


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("hub.lan", "hub.lan"),
        ("hub.lan:8080", "hub.lan"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("[fd00::1]:8080", "[fd00::1]"),
        ("[::1]", "[::1]"),
        ("", None),
        ("a b", None),
        ("x;y", None),
        ("evil/..", None),
        ("-x", None),
        ("user@host", None),
    ],
)
def test_only_a_host_name_is_one(header, name):
    assert host_name(header) == name


def test_port_80_is_not_written():
    assert origin("hub.lan", 80) == "http://hub.lan"
    assert origin("hub.lan", 8081) == "http://hub.lan:8081"

"""The class's range stays out of the way of uplinks."""

from ipaddress import IPv4Network

import pytest

from hub.network.lan import CAPTIVE, RANGES, Lan, choose_lan, meets

COMMON = (
    *("192.168.0.0/24", "192.168.1.0/24", "192.168.8.0/24", "192.168.42.0/24", "192.168.43.0/24"),
    *("192.168.88.0/24", "192.168.100.0/24", "192.168.137.0/24", "192.168.178.0/24", "10.0.0.0/24"),
    *("10.0.2.0/24", "10.42.0.0/24", "172.16.0.0/24", "172.17.0.0/16", "172.20.10.0/28", "100.64.0.0/16"),
)


@pytest.mark.parametrize("network", COMMON)
def test_common_uplinks_meet_no_range_of_ours(network):
    assert not any(Lan(ours).network.overlaps(IPv4Network(network)) for ours in RANGES)


@pytest.mark.parametrize(
    ("taken", "kept", "expected"),
    [
        ([], None, 0),
        (["192.168.1.0/24"], None, 0),
        (["10.83.17.0/24"], None, 1),
        (["10.0.0.0/8"], None, 1),
        (["10.0.0.0/8", "172.16.0.0/12"], None, 2),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], None, 3),
        ([], 1, 1),  # it moved once and stays
        (["172.27.16.128/25"], 1, 0),
        (["0.0.0.0/0"], 2, 2),  # nothing is free: nobody is thrown out for nothing
    ],
)
def test_range_moves_only_where_it_must(taken, kept, expected):
    networks = [IPv4Network(network) for network in taken]
    lan = choose_lan(networks, None if kept is None else RANGES[kept])
    assert lan.network == RANGES[expected]
    assert meets(lan, networks) == ("0.0.0.0/0" in taken)


def test_a_kept_range_that_is_none_of_ours_counts_for_nothing():
    assert choose_lan([], IPv4Network("8.8.8.0/24")).network == RANGES[0]


def test_captive_address_is_no_private_one():
    """Phones of some makers ask nothing more where an answer is private: RFC 1918, 3927, 4193."""
    for private in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"):
        assert CAPTIVE not in IPv4Network(private)


@pytest.mark.parametrize("network", RANGES)
def test_a_class_of_any_size_finds_addresses(network):
    lan = Lan(network)
    assert int(lan.last) - int(lan.first) > 900
    assert lan.hub < lan.first < lan.last < network.broadcast_address

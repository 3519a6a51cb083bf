import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.depot import MAX_PACK_ID_LENGTH, is_pack_id
from hub.web.origins import PACK_LABELS, Door, Ports, host_name, origin, pack_label

DOOR = Door("hub.lan", "hubpacks.lan", 80, 81, 82, 83)
PORTS = Ports(8080, 8081)
PACK_IDS = st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True).filter(is_pack_id)


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
        ("a" * 63 + ".lan", "a" * 63 + ".lan"),
        ("a" * 64, None),
        ("hub..lan", None),
        ("hub.lan.", "hub.lan"),
        ("hub.lan.:8080", "hub.lan"),
        ("hub.lan..", None),
        (".", None),
    ],
)
def test_only_a_host_name_is_one(header, name):
    assert host_name(header) == name


def test_port_80_is_not_written():
    assert origin("hub.lan", 80) == "http://hub.lan"
    assert origin("hub.lan", 8081) == "http://hub.lan:8081"


@pytest.mark.parametrize(
    ("name", "pack", "kolibri", "source"),
    [
        ("hub.lan", "http://p-maths.hubpacks.lan", "http://kolibri.hub.lan", "http://*.hubpacks.lan"),
        ("HUB.lan", "http://p-maths.hubpacks.lan", "http://kolibri.hub.lan", "http://*.hubpacks.lan"),
        ("10.42.0.1", "http://10.42.0.1:81", "http://10.42.0.1:82", "http://10.42.0.1:81"),
        ("[fd00::1]", "http://[fd00::1]:81", "http://[fd00::1]:82", "http://[fd00::1]:81"),
        ("school.local", "http://school.local:81", "http://school.local:82", "http://school.local:81"),
        ("www.hub.lan", "http://www.hub.lan:81", "http://www.hub.lan:82", "http://www.hub.lan:81"),
    ],
)
def test_only_who_knows_the_hub_s_name_is_sent_to_its_other_names(name, pack, kolibri, source):
    assert DOOR.pack_origin(name, "maths") == pack
    assert DOOR.kolibri_origin(name) == kolibri
    assert DOOR.packs_source(name) == source


def test_a_pack_knows_where_it_is_and_where_the_portal_is():
    seen = ("http://p-maths.hubpacks.lan", "http://hub.lan")
    assert DOOR.seen_from_pack("p-maths.hubpacks.lan") == seen
    assert DOOR.seen_from_pack("10.42.0.1") == ("http://10.42.0.1:81", "http://10.42.0.1")
    assert PORTS.seen_from_pack("hub.lan") == ("http://hub.lan:8081", "http://hub.lan:8080")


def test_without_a_door_every_name_has_the_same_two_ports():
    for name in ("hub.lan", "10.42.0.1"):
        assert PORTS.pack_origin(name, "maths") == PORTS.packs_source(name) == f"http://{name}:8081"


def test_a_door_introduces_itself():
    assert Door.from_header(DOOR.to_header()) == DOOR
    with pytest.raises((ValueError, TypeError)):
        Door.from_header("hub.lan hubpacks.lan 80")


def pack_of_label(label):
    """Return the pack that nginx finds for a host with this label; the two patterns never fit both."""
    found = [match for pattern in PACK_LABELS if (match := re.fullmatch(pattern, label))]
    assert len(found) <= 1
    return "".join(found[0].groups()) if found else None


@given(PACK_IDS)
def test_every_pack_has_a_host_and_no_other_pack_has_it(pack_id):
    label = pack_label(pack_id)
    assert pack_of_label(label) == pack_id
    for part in label.split("."):
        assert 1 <= len(part) <= 63
        assert not part.startswith("-") and not part.endswith("-")


@pytest.mark.parametrize("length", [1, 60, 61, 62, 63, MAX_PACK_ID_LENGTH])
def test_the_longest_ids_have_a_host_too(length):
    pack_id = ("ab-" * 30)[: length - 1] + "x"
    assert pack_of_label(pack_label(pack_id)) == pack_id
    assert max(map(len, pack_label(pack_id).split("."))) <= 63


@pytest.mark.parametrize("label", ["", "p-", "maths", "p-a.b", "P-maths", "p-x" + "a" * 61, "kolibri"])
def test_other_labels_belong_to_no_pack(label):
    assert pack_of_label(label) is None

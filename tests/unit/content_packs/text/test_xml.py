"""XML that means harm, or is broken."""

import pytest
from lxml import etree

from content_packs.text.xml import parse_xml

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY l0 "{"ha" * 50}">{LAUGHS}]>'


@pytest.mark.parametrize("recover", [False, True])
@pytest.mark.parametrize("use", ["<x>&l9;</x>", '<x y="&l9;"/>'])
def test_a_bomb_of_entities_does_not_go_off(use: str, recover: bool) -> None:
    try:
        root = parse_xml(f"{BOMB}{use}".encode(), recover=recover)
    except etree.XMLSyntaxError:
        return
    assert root is None or len(etree.tostring(root)) < 1000


def test_an_entity_stays_what_it_is() -> None:
    root = parse_xml(b'<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>')
    assert root is not None
    assert etree.tostring(root).endswith(b"<x>&a;</x>")


def test_reads_no_file_of_this_machine(tmp_path) -> None:
    (tmp_path / "secret").write_text("secret")
    dtd = f'<!DOCTYPE x [<!ENTITY s SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    root = parse_xml(f"{dtd}<x>&s;</x>".encode())
    assert root is not None
    assert b"secret" not in etree.tostring(root)


def test_mends_only_where_asked() -> None:
    with pytest.raises(etree.XMLSyntaxError):
        parse_xml(b"<x><y></x>")
    root = parse_xml(b"<x><y></x>", recover=True)
    assert root is not None
    assert root[0].tag == "y"

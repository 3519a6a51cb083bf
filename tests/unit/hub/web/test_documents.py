import pytest

from hub.web.documents import ATOM, add, clean, new_root, stable_id, write


@pytest.mark.parametrize("bad", ["\x00", "\x08", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_left_out(bad):
    assert clean(f"a{bad}b") == "ab"


@pytest.mark.parametrize("good", ["\t\n\r", "ї", "\ue000", "\ufffd", "\U0001f600", "\U0010ffff"])
def test_everything_else_stays(good):
    assert clean(good) == good


def test_text_and_attributes_are_escaped():
    root = new_root(ATOM, "feed")
    add(root, "title", "<b>&\x00</b>", label='"<\x01>"')
    assert write(root) == (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<feed xmlns="{ATOM}"><title label="&quot;&lt;&gt;&quot;">&lt;b&gt;&amp;&lt;/b&gt;</title></feed>'
    )


def test_an_id_never_changes():
    assert stable_id("book", "maths", "1.pdf") == "urn:uuid:4d204f4c-2544-58df-aedb-590509f73c03"
    assert stable_id("book", "a", "bc") != stable_id("book", "ab", "c")

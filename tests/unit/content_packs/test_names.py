import unicodedata

import pytest

from content_packs.names import check_path, twin_key


@pytest.mark.parametrize(
    "path",
    ["index.html", "media/Фото 1.jpg", "a/b/c.txt", "console.txt", "с.т.o.p", "x" * 255, "%20#&+.html"],
)
def test_accepts_names_that_every_disk_holds(path):
    assert check_path(path) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("../x", "'..'"),
        ("a/./b", "'.'"),
        ("a//b", "''"),
        ("a\\b", "'\\\\'"),
        ("a:b.html", "':'"),
        ("tab\there", "'\\t'"),
        ("nul", "reserved"),
        ("img/COM1.png", "reserved"),
        ("end.", "drop"),
        ("end ", "drop"),
        ("x" * 256, "longer"),
        ("ї" * 128, "longer"),
        ("/".join(["abcdefghi"] * 101), "longer"),
        ("bad\udc80", "UTF-8"),
    ],
)
def test_says_why_a_name_is_refused(path, reason):
    assert any(reason in fault for fault in check_path(path))


def test_twins_share_a_key():
    composed, apart = unicodedata.normalize("NFC", "й.html"), unicodedata.normalize("NFD", "й.html")
    assert composed != apart
    assert twin_key(composed) == twin_key(apart)
    assert twin_key("Index.HTML") == twin_key("index.html")
    assert twin_key("a.html") != twin_key("b.html")

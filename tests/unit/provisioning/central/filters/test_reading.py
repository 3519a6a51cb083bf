"""Lists as people publish them: what is read, what is left out and why, what refuses a list."""

import pytest

from provisioning.central.filters import reading
from provisioning.central.filters.reading import Reading, read_names


def read(*lines, own=()):
    found = Reading()
    return list(read_names([f"{line}\n" for line in lines], found, own=own)), found


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("bad.example.com", ["bad.example.com"]),
        ("  Bad.Example.COM.  # remark", ["bad.example.com"]),
        ("0.0.0.0 bad.com www.bad.com # ads", ["bad.com", "www.bad.com"]),
        ("127.0.0.1\tbad.com", ["bad.com"]),
        ("::1 bad.com", ["bad.com"]),
        ("127.0.0.1 localhost", []),
        ("fe80::1%lo0 localhost", []),
        ("0.0.0.0 0.0.0.0", []),
        ("*.bad.com", ["bad.com"]),
        (".bad.com", ["bad.com"]),
        ("address=/bad.com/0.0.0.0", ["bad.com"]),
        ("address=/bad.com/worse.com/", ["bad.com", "worse.com"]),
        ("local=/bad.com/", ["bad.com"]),
        ("server=/bad.com/", ["bad.com"]),
        ("||bad.com^", ["bad.com"]),
        ("||bad.com", ["bad.com"]),
        ("||bad.com^$important,all", ["bad.com"]),
        ("||bad.com^$third-party", ["bad.com"]),
        ("http://bad.com/", ["bad.com"]),
        ("https://user@bad.com:8443", ["bad.com"]),
        ("bad.com/", ["bad.com"]),
        ("казино.укр", ["xn--80aodfsg.xn--j1amh"]),
        (b"\\ufeffbad.com".decode("unicode_escape"), ["bad.com"]),
        ("# 0.0.0.0 bad.com", []),
        ("! Title: list", []),
        ("[Adblock Plus 2.0]", []),
        ("; remark", []),
        ("", []),
    ],
)
def test_forms(line, names):
    found, said = read(line)
    assert found == names
    assert not said.left_out
    assert not said.wrong


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("@@||good.com^", reading.EXCEPTION),
        ("||bad.com^$script", reading.NO_DOMAIN),
        ("||bad.com^$domain=x.com", reading.NO_DOMAIN),
        ("||bad.com/banner", reading.NO_DOMAIN),
        ("||bad*.com^", reading.NO_DOMAIN),
        ("bad.com##.banner", reading.NO_DOMAIN),
        ("/banner[0-9]+/", reading.NO_DOMAIN),
        ("|http://bad.com", reading.NO_DOMAIN),
        ("http://bad.com/page.html", reading.ONE_PAGE),
        ("bad.com/page", reading.ONE_PAGE),
        ("10.0.0.1", reading.ADDRESS),
        ("2001:db8::1", reading.ADDRESS),
        ("server=/bad.com/1.1.1.1", reading.LOOKED_UP),
        ("myprinter", reading.ONE_WORD),
        ("bad_-.com", reading.NO_NAME),
        ("two words.com", reading.NO_NAME),
        (f"{'a' * 64}.com", reading.NO_NAME),
        ("x" * 5000, reading.NO_NAME),
        ("<html>", reading.ONE_WORD),
    ],
)
def test_what_does_not_mean_a_whole_site_is_left_out_and_counted(line, reason):
    names, said = read("first.com", line, line)
    assert names == ["first.com"]
    assert said.left_out[reason].count == 2
    assert said.left_out[reason].examples[0].startswith("line 2: ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("com", "a suffix"),
        ("0.0.0.0 com", "a suffix"),
        ("com.ua", "a suffix"),
        ("kyiv.ua", "a suffix"),
        ("co.uk", "a suffix"),
        ("github.io", "a suffix"),
        ("||ua^", "a suffix"),
        ("укр", "a suffix"),
        ("hub.lan", "the school's own network"),
        ("p-maths.hubpacks.lan", "the school's own network"),
        ("depot.office.gov.ua", "a name of the office"),
        ("office.gov.ua", "a name of the office"),
        ("x.depot.office.gov.ua", "a name of the office"),
    ],
)
def test_what_would_block_far_more_is_wrong(line, words):
    names, said = read("first.com", line, own=("depot.office.gov.ua",))
    assert names == ["first.com"]
    assert words in next(iter(said.wrong))
    assert not said.left_out


def test_examples_are_few_and_short():
    _, said = read(*["10.0.0." + "1"] * 50)
    (left,) = said.left_out.values()
    assert (left.count, len(left.examples)) == (50, reading.MAX_EXAMPLES)

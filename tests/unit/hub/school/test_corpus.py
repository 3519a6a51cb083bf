"""Fault 30, acceptance test 6: what editors make of hub-config.txt (tests/cases/school_config)."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.school import find_name, read_config, remove_secrets
from hub.school.wording import LANGUAGES

FOLDER = Path(__file__).parents[3] / "cases" / "school_config"
CASES = json.loads((FOLDER / "cases.json").read_text(encoding="utf-8"))
FILES = {case["file"]: (FOLDER / "files" / case["file"]).read_bytes() for case in CASES}
PLAIN = read_config(FILES["plain"]).config


def told(reading, *, is_error):
    return [
        [finding.line, finding.code, finding.key]
        for finding in reading.findings
        if finding.is_error == is_error
    ]


def test_the_corpus_is_large_enough_and_whole():
    assert len(CASES) >= 40
    assert {path.name for path in (FOLDER / "files").iterdir()} == set(FILES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_each_file_is_read_equal_or_refused_with_its_line(case):
    reading = read_config(FILES[case["file"]])
    assert told(reading, is_error=True) == case["errors"]
    assert reading.config == (None if case["errors"] else PLAIN)
    if not case["errors"]:
        assert sorted(code for _, code, _ in told(reading, is_error=False)) == sorted(case["warnings"])
    assert find_name(["config.txt", case["name"], "hub-status.txt"]) == case["name"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_each_finding_says_where_and_what_to_write_in_both_languages(case):
    for finding in read_config(FILES[case["file"]]).findings:
        for language in LANGUAGES:
            text = finding.text(language)
            assert finding.advice(language) in text
            assert "%(" not in text
            assert not finding.line or str(finding.line) in text
            assert (language == "uk") == any(
                "а" <= letter <= "я" for letter in text.replace("пароль", "")[:9].lower()
            )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["file"])
def test_no_finding_tells_a_password(case):
    told_all = json.dumps(
        [f.to_dict("uk") for f in read_config(FILES[case["file"]]).findings], ensure_ascii=False
    )
    assert not any(secret in told_all for secret in ("doshka", '1234567"', "наша школа"))


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case["errors"]], ids=lambda case: case["file"]
)
def test_a_file_whose_secrets_were_removed_means_the_same(case):
    left = remove_secrets(FILES[case["file"]], "uk")
    assert "doshka" not in left.decode()
    assert read_config(left, before=PLAIN).config == PLAIN
    assert told(read_config(left), is_error=True) == [[0, "missing-secret", "wifi.password"]]
    assert remove_secrets(left, "uk") is None


@given(st.binary(max_size=2000))
def test_no_bytes_ever_raise(data):
    assert read_config(data).config is None
    remove_secrets(data, "en")


WORDS = """
version school_code wifi.ssid ssid password [wifi] [central] host_keys true inf 0x 9999 1979-05-27 [[[[ ]]
"""
SIGNS = "= = = \"«»“'`[]{}<>,.#\\1éїа-\n\n\r\t\0\u2028\u00a0"
PIECES = [*WORDS.split(), *SIGNS, '"""']


@given(
    st.lists(st.sampled_from(PIECES), max_size=60),
    st.sampled_from(["utf-8", "utf-16", "utf-16-be", "cp1251"]),
)
def test_nothing_that_looks_like_a_config_raises(pieces, encoding):
    data = "".join(pieces).encode(encoding, "replace")
    reading = read_config(data)
    for finding in reading.findings:
        assert finding.text("uk")
        assert finding.text("en")
    remove_secrets(data, "uk")


@pytest.mark.parametrize(
    "filler", ["[", "=", "a", "a=[", "a=1\n", "x = [\n", "] ", 'password = "', "\u00a0", "#"]
)
def test_64_kib_of_anything_takes_no_time_worth_mentioning(filler):
    """A regular expression that backtracks would stand still here until pytest's limit."""
    assert read_config((filler * 65536).encode()[:65536]).config is None


def test_a_number_of_thousands_of_digits_is_only_wrong():
    reading = read_config(FILES["plain"].replace(b"channel = 11", b"channel = 0x" + b"f" * 9000))
    assert told(reading, is_error=True) == [[13, "range", "wifi.channel"]]

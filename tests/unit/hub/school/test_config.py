"""What a school config may say, and that what is written is read again."""

import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.passwords import check_password
from hub.school import (
    CentralConfig,
    SchoolConfig,
    UplinkConfig,
    WifiConfig,
    read_config,
    to_file,
    write_config,
)
from hub.school.check import check_value
from hub.school.config import to_values
from hub.school.fields import BY_KEY, FIELDS
from hub.school.root import pack_root
from hub.school.wording import LANGUAGES, MESSAGES

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0ZpkmWNzXbPqQTVZ7v5S3L2m1n9x8y7w6v5u4t3s2r depot"
FULL = SchoolConfig(
    "12345678",
    'Ліцей "Промінь" \\ с. М\'яти',
    technician_password="правильний кінь",
    label_code="K7RM-4XQ9",
    wifi=WifiConfig("builtin", "Школа 5", 'a"b\\c#d;e,f', 1),
    uplink=UplinkConfig("wifi", "Домашня", ""),
    central=CentralConfig(
        "sftp://h-1@depot.example:2222/srv", (KEY, KEY), pack_root(b"{}"), "h-1", "-".join(["ab2c"] * 8)
    ),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("comments", [True, False])
def test_what_is_written_is_read_again_without_a_word(language, comments):
    text = write_config(FULL, language, comments=comments)
    reading = read_config(to_file(text))
    assert (reading.config, reading.findings) == (FULL, ())


def test_what_is_written_is_toml():
    values = tomllib.loads(write_config(FULL))
    assert values["wifi"]["password"] == FULL.wifi.password
    assert values["central"]["host_keys"] == [KEY, KEY]


def test_every_field_is_in_the_file_and_in_the_dataclass():
    assert to_values(FULL).keys() == BY_KEY.keys()
    text = write_config(FULL, "en")
    assert all(f"\n{field.name} = " in text and field.help["en"].splitlines()[0] in text for field in FIELDS)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_every_field_speaks_both_languages_and_its_default_is_allowed(field):
    from hub.school.check import check_value

    for words in (field.label, field.help, field.expects):
        assert all(words[language] for language in LANGUAGES)
    if field.default or not field.required:
        assert check_value(field, field.default) is None


def test_every_message_speaks_both_languages():
    assert all(set(texts) == set(LANGUAGES) for texts in MESSAGES.values())


BASE = write_config(SchoolConfig("a", "b", wifi=WifiConfig(ssid="c")), comments=False)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('hub_name = "Hub"', "pattern"),
        ('hub_name = "school.local"', "pattern"),
        ('hub_name = "local.lan"', None),
        ('hub_name = "hubpacks.lan"', "pattern"),
        ('hub_name = "p-maths.hubpacks.lan"', "pattern"),
        ('hub_name = "ourhubpacks.lan"', None),
        ('hub_name = "10.0.0.1"', "pattern"),
        ('timezone = "Kyiv"', "choice-near"),
        ('country = "UKR"', "choice"),
        ('language = "ua"', "choice"),
        ('technician_password = "short"', "secret-pattern"),
        ('technician_password = "десять літер"', None),
        ('school_name = " "', "empty"),
        ('label_code = "0000-IIII"', "pattern"),
        ('student_internet = "filtered"', None),
        ("student_internet = true", "wrong-type"),
        ('wifi.ssid = "' + "я" * 16 + '"', None),
        ('wifi.ssid = "' + "я" * 17 + '"', "long-bytes"),
        ('wifi.ssid = "a\\tb"', "control"),
        ('wifi.ssid = ""', "ssid-needed"),
        ('wifi.mode = "off"', None),
        ("wifi.channel = 1.5", "wrong-type"),
        ('uplink.kind = "wifi"', "uplink-ssid-needed"),
        ('central.address = "https://depot.example/x"', "root-needed"),
        (
            f'central.address = "sftp://h-1@depot.example/"\ncentral.root = "{FULL.central.root}"',
            "host-keys-needed",
        ),
        ('central.address = "ftp://depot.example"', "pattern"),
        ('central.root = "AAAA"', "bad-root"),
        (f'central.host_keys = ["{KEY}"]', "address-needed"),
        (f'central.host_keys = "{KEY}"', "address-needed"),
        ('central.host_keys = ["ssh-dss AAAA"]', "pattern"),
        ('central.hub_id = "H-1"', "pattern"),
        ('colour = "red"', "unknown-key"),
    ],
)
def test_what_a_value_may_be(line, code):
    given_keys = {each.partition(" =")[0] for each in line.splitlines()}
    kept, section = [], ""
    for each in BASE.splitlines():
        section = each.strip("[]") + "." if each.startswith("[") else section
        if section + each.partition(" =")[0] not in given_keys:
            kept.append(each)
    text = "\n".join([line, *kept])
    errors = [finding.code for finding in read_config(text.encode()).errors]
    assert errors == ([code] if code else [])


def test_a_secret_that_the_file_no_longer_names_is_the_one_from_before():
    text = write_config(FULL, stored=("wifi.password", "technician_password", "uplink.password"))
    reading = read_config(text.encode(), before=FULL)
    assert reading.config == replace(FULL, technician_password="")
    assert [finding.code for finding in read_config(text.encode()).errors] == ["missing-secret"] * 2


def test_findings_are_told_in_the_language_of_a_file_that_is_wrong_elsewhere():
    assert read_config(b'language = "en"\nx').language == "en"
    assert read_config(b"x").language == "uk"
    assert read_config(b"", before=replace(FULL, language="hu")).language == "hu"


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=120))
def test_any_name_is_refused_or_comes_back_as_it_was(name):
    config = replace(FULL, school_name=name)
    reading = read_config(to_file(write_config(config)))
    if reading.config is not None and not reading.findings:
        assert reading.config.school_name == name.strip()


@given(
    st.text("abАї1 ", min_size=1, max_size=14) | st.sampled_from(["my Technician 1", "1" * 128, "1234" * 40])
)
def test_a_password_that_the_file_may_have_is_one_that_the_hub_takes(text):
    """Else the hub would say at each start that it cannot be set, and keep it on the card."""
    is_allowed = check_value(BY_KEY["technician_password"], text) is None
    assert is_allowed <= (check_password(text, "technician") == "")
    assert is_allowed or check_password(text, "technician") or len(text) > 128 or text != text.strip()


@pytest.mark.parametrize("line", ["[" + " " * 60_000, f'technician_password = "{"aaab" * 15_000}"'])
def test_a_page_of_rubbish_costs_a_start_no_minutes(line):
    """Where a pattern goes back and forth over it: the first never ended, the second took half a minute."""
    assert read_config(line.encode()).config is None


def test_how_a_value_without_quotation_marks_was_read_is_not_told_where_it_cannot_be_used():
    text = 'school_code = "1"\nschool_name = "a"\n[wifi]\nmode = external ap\nssid = a\npassword = ""\n'
    assert [(one.line, one.code) for one in read_config(text.encode()).findings] == [
        (4, "choice-near"),
        (5, "unquoted"),
    ]

"""docs/hub-config.html, opened from a disk: it checks and writes what hub/school checks and writes."""

import json
import random
from pathlib import Path

import pytest

from hub.school import read_config, remove_secrets, to_file, write_config
from hub.school.check import check_value
from hub.school.config import from_values, to_values
from hub.school.fields import BY_KEY, FIELDS
from hub.school.rules import list_broken
from support.school_config import make_school, office_part
from support.tab import PHONE, Tab
from support.visitor import keep_picture

PAGE = (Path(__file__).parents[2] / "docs" / "hub-config.html").as_uri()
# Text that has gone wrong somewhere: length in bytes and signs, other alphabets, signs outside of the BMP.
TEXTS = [
    *("", " ", "a", "A", "0", "off", "OFF", "builtin", "built-in", "uk", "ua", "UA", "Europe/Kyiv", "Kyiv"),
    *(
        " a",
        "a ",
        "a b",
        "a\tb",
        "a\nb",
        "a\u00a0b",
        "\u200b",
        "\ufeff",
        "a\u2028b",
        "\u0085",
        "\x7f",
        "é",
        "e\u0301",
    ),
    *("я" * 16, "я" * 17, "😀" * 8, "😀" * 9, "x" * 32, "x" * 33, "x" * 63, "x" * 64, "x" * 100, "x" * 101),
    *(
        "1234567",
        "12345678",
        "пароль пароль",
        "password😀",
        "  spaces ",
        "\\\"'`",
        "десять літер",
        "короткий",
    ),
    *("hub.lan", "Hub.lan", "hub", "hub.local", "local.lan", "a..b", "-a.b", "a-.b", "hub.lan.", "a.b\n"),
    *(
        "K7RM-4XQ9",
        "k7rm-4xq9",
        "K7RM4XQ9",
        "K7RI-4XQ9",
        "ab2c-ab2c",
        "-".join(["ab2c"] * 8),
        "-".join(["ab2c"] * 9),
    ),
    *("h-1", "H-1", "-h", "h" * 63, "h" * 64, "12345678", "1" * 33, "a-", "шк-1"),
    *(
        "sftp://h@d.e/",
        "sftp://d.e/",
        "sftp://h@d.e:0/",
        "sftp://h@[::1]:22/x",
        "https://d.e",
        "https://u:p@d.e/",
    ),
    *("http://d.e", "sftp://h@d.e/a b", "KLUv/SQC==", "KLUv/SQC===", "not base64!"),
    office_part("h-1").host_keys[0],
    office_part("h-1").host_keys[0].split()[0],
]
NUMBERS = [-1, 0, 1, 2, 6, 13, 14, 99, 1.5, "6", "", None]
LINES = [[], [""], [office_part("h-1").host_keys[0]], ["ssh-dss AAAA"], "text", [1]]
# What Python tells more closely than the page, which shows a list to choose from.
SAME = {"choice-near": "choice"}


@pytest.fixture
def page(browser) -> Tab:
    tab = browser.tab()
    tab.open(PAGE)
    return tab


def candidates(field):
    return {"number": NUMBERS, "lines": LINES}.get(field.type, [*TEXTS, 5, True, None])


def test_page_and_hub_agree_on_every_value(page):
    cases = [(field.key, value) for field in FIELDS for value in candidates(field)]
    found = page.run(
        """function (cases) { return cases.map(function (one) {
             var field = schema.fields.filter(function (each) { return each.key === one[0]; })[0];
             var wrong = checkValue(field, one[1]);
             return wrong ? wrong.code : '';
           }); }""",
        cases,
    )
    for (key, value), told in zip(cases, found, strict=True):
        wrong = check_value(BY_KEY[key], value)
        assert told == (SAME.get(wrong.code, wrong.code) if wrong else ""), (key, value)


def random_values(chooser):
    values = to_values(make_school(central=office_part("h-1")))
    for field in FIELDS:
        if chooser.random() < 0.3:
            allowed = [one for one in (*field.choices, field.default) if check_value(field, one) is None]
            values[field.key] = chooser.choice(allowed or [values[field.key]])
    return values


@pytest.mark.parametrize("language", ["uk", "en"])
def test_page_and_hub_agree_on_whole_files(page, language):
    chooser = random.Random(5)
    cases = [random_values(chooser) for _ in range(200)]
    script = """function (cases, language) { return cases.map(function (values) {
        var text = writeConfig(values, language);
        return [checkAll(values).map(function (one) { return one.code; }), text, readConfig(text)];
      }); }"""
    for values, (codes, text, read) in zip(cases, page.run(script, cases, language), strict=True):
        config = from_values({**values, "central.host_keys": tuple(values["central.host_keys"])})
        assert codes == [rule.code for rule in list_broken(to_values(config))]
        assert text == write_config(config, language)
        assert read["values"] == {**values, "central.host_keys": list(values["central.host_keys"])}
        assert (read["odd"], read["taken"]) == ([], [])
        if not codes:
            assert read_config(to_file(text)).config == config


def fill_in(page, field, text):
    page.run(
        """function (id, text) { var e = document.getElementById(id); e.value = text;
           e.dispatchEvent(new Event('change', {bubbles: true})); }""",
        field,
        text,
    )


@pytest.mark.parametrize("language", ["uk", "en"])
def test_a_person_fills_in_the_page_and_gets_the_file(page, engine, language):
    page.show(PHONE)
    if language == "en":
        page.tap("#language")
    page.tap("#save")
    told = page.text("#f-wifi-ssid-fault") or page.text("#f-school_code-fault")
    assert told
    assert ("Напишіть" in told) == (language == "uk")
    for key, text in (
        ("school_code", "101"),
        ("school_name", "Ліцей «Промінь»"),
        ("wifi-ssid", "Школа"),
        ("wifi-password", "long enough"),
    ):
        fill_in(page, f"f-{key}", text)
    page.value("scrollTo(0, 0)")
    keep_picture(page, engine, PHONE, language, "config-page")
    assert page.text("#result") == ("Усе гаразд." if language == "uk" else "All is well.")
    config = read_config(
        page.run("function () { return document.getElementById('text').textContent }").encode()
    ).config
    assert (config.school_name, config.wifi.ssid, config.wifi.password) == (
        "Ліцей «Промінь»",
        "Школа",
        "long enough",
    )


def test_the_page_asks_nobody(page):
    assert page.run("function () { return performance.getEntriesByType('resource').length }") == 0
    assert json.loads(page.run("function () { return document.getElementById('schema').textContent }"))[
        "fields"
    ]


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_page_fits_the_screen(page, width):
    page.show((width, 740))
    page.open(PAGE)
    assert page.run("function () { return document.documentElement.scrollWidth }") <= width


def open_file(page, path, data):
    """Choose a file in the page, as a person does; return what the page says of it."""
    path.write_bytes(data)
    page.run("function () { document.getElementById('opened').textContent = '' }")
    found = page.call(
        "DOM.querySelector", nodeId=page.call("DOM.getDocument")["root"]["nodeId"], selector="#open"
    )
    page.call("DOM.setFileInputFiles", files=[str(path)], nodeId=found["nodeId"])
    return page.wait_until("document.getElementById('opened').textContent")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_the_office_s_file_is_opened_and_changed(page, tmp_path, encoding):
    text = write_config(make_school(central=office_part("h-1"), school_name="Школа № 5"), "uk")
    data = text.replace("'", "\u2019").encode(encoding)
    assert open_file(page, tmp_path / "hub-config.txt", data) == "Файл прочитано."
    assert page.value("read()['school_name']") == "Школа № 5"
    assert page.value("read()['central.hub_id']") == "h-1"
    assert page.text("#result") == "Усе гаразд."
    for field, value in (("wifi-mode", "external-ap"), ("uplink-kind", "ethernet")):
        fill_in(page, f"f-{field}", value)
    assert page.text("#f-uplink-kind-fault").startswith("Мережеве гніздо зайняте точкою доступу")


def test_a_file_whose_password_a_hub_has_taken_does_not_open_the_network(page, tmp_path):
    written = to_file(write_config(make_school(), "uk"))
    assert open_file(page, tmp_path / "hub-config.txt", remove_secrets(written, "uk")) == "Файл прочитано."
    assert "Впишіть його наново" in page.text("#f-wifi-password-fault")
    assert page.text("#result") == ""
    line = next(n for n, each in enumerate(written.split(b"\n"), 1) if each.startswith(b"hub_name"))
    odd = open_file(page, tmp_path / "hub-config.txt", written.replace(b"hub_name", b"hub_nane"))
    assert odd == f"Файл прочитано, але не рядки {line}."
    assert "жодного рядка" in open_file(page, tmp_path / "page.txt", b"<!doctype html>")

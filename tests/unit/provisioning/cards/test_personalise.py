"""`hub-image personalise`: a list of schools, one image, and a card for each."""

import json
import os
import re
import shutil
import subprocess

import pytest
from click.testing import CliRunner

from hub.school import read_config
from provisioning.cards.cli import cli
from provisioning.cards.labels import render_labels
from provisioning.cards.schools import read_schools
from support.office import OfficeAtWork, new_key
from support.school_config import make_school, office_part

PART_AT = 2048 * 512
PART_BYTES = 8 * 1024 * 1024
LIST = """school_code,school_name,ssid,password,language,ring
101,"Ліцей «Промінь», с. Вишневе",Школа-101,na5 doshka!,uk,pilot
102,Школа № 2,,,en,
"""


def refused(text):
    return [(fault.line, fault.column) for fault in read_schools(text.encode())[1]]


@pytest.mark.parametrize(
    "data",
    [
        LIST.encode(),
        b"\xef\xbb\xbf" + LIST.encode(),
        LIST.replace("\n", "\r\n").encode("utf-16"),
        LIST.replace('"', "").replace(", с", " с").replace(",", ";").encode("cp1251"),
        LIST.replace('"', "").replace(", с", " с").replace(",", "\t").encode(),
        ("sep=;\n" + LIST.replace('"', "").replace(", с", " с").replace(",", ";")).encode("cp1251"),
        LIST.replace("\n", ",,\n").encode(),
        LIST.replace(
            "school_code,school_name,ssid,password,language", "Код,Назва,Мережа,Пароль,Мова"
        ).encode(),
    ],
    ids=["plain", "bom", "utf16", "excel", "tabs", "excel-sep", "empty-columns", "ukrainian"],
)
def test_a_list_is_read_as_a_spreadsheet_saved_it(data):
    schools, faults = read_schools(data)
    assert faults == []
    first, second = schools
    assert (first.config.school_code, first.config.wifi.ssid, first.ring) == ("101", "Школа-101", "pilot")
    assert first.config.school_name.startswith("Ліцей «Промінь»")
    assert (second.config.language, second.config.wifi.ssid) == ("en", "School-102")
    assert len(second.config.wifi.password) == 14
    assert first.config.label_code != second.config.label_code


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", [(0, "")]),
        ("school_code\n1\n", [(1, "")]),
        ("school_code,school_name,colour\n1,a,red\n", [(1, "colour")]),
        (
            "school_code,school_name,password\n1,a,short\n2,b,long enough\n3,c,ключі-ключі\n",
            [(2, "wifi.password"), (4, "wifi.password")],
        ),
        ("school_code,school_name\n1,a\n\n2,b\n1,c\n", [(5, "school_code")]),
        ("school_code,school_name\n1,a,b\n", [(2, "")]),
        ("school_code,school_name,\n1,a,b\n", [(2, "")]),
        ("sep=,\nschool_code,school_name\n1,\n", [(3, "school_name")]),
        ("PK\3\4\0\0x", [(0, "")]),
        ("school_code,school_name\n1,\n", [(2, "school_name")]),
        ("school_code,school_name,wifi,uplink\n1,a,external-ap,ethernet\n", [(2, "uplink.kind")]),
        (
            "school_code,school_name,wifi.channel\n1,a,36\n2,b,six\n",
            [(2, "wifi.channel"), (3, "wifi.channel")],
        ),
    ],
)
def test_every_line_that_cannot_be_used_is_told(text, where):
    assert refused(text) == where


@pytest.fixture
def base(tmp_path):
    """A small image with an MBR and a FAT partition, as a card's begins."""
    image = tmp_path / "hub.img"
    mbr = bytearray(512)
    entry = (
        bytes([0, 0, 0, 0, 0x0C, 0, 0, 0])
        + (2048).to_bytes(4, "little")
        + (PART_BYTES // 512).to_bytes(4, "little")
    )
    mbr[446:462] = entry
    mbr[510:] = b"\x55\xaa"
    image.write_bytes(mbr)
    os.truncate(image, PART_AT + PART_BYTES + 64 * 1024 * 1024)
    subprocess.run(["mformat", "-i", f"{image}@@{PART_AT}", "-T", str(PART_BYTES // 512), "::"], check=True)
    (tmp_path / "config.txt").write_text("arm_64bit=1\n")
    subprocess.run(
        ["mcopy", "-i", f"{image}@@{PART_AT}", tmp_path / "config.txt", "::config.txt"], check=True
    )
    return image


@pytest.fixture
def schools(tmp_path):
    path = tmp_path / "schools.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


def run(*words):
    return CliRunner(env={"CENTRAL_DIR": ""}).invoke(cli, ["personalise", *map(str, words)])


def read_fat(image, name):
    return subprocess.run(
        ["mtype", "-i", f"{image}@@{PART_AT}", f"::{name}"], check=True, capture_output=True
    ).stdout


def test_each_school_has_its_image_and_the_base_stays_as_it_is(base, schools, tmp_path):
    before = base.read_bytes()
    told = json.loads(run(base, schools, "-o", tmp_path / "out", "--json").stdout)
    assert base.read_bytes() == before
    one, two = (tmp_path / "out" / f"{code}.img" for code in (101, 102))
    assert [made["path"] for made in told["made"]] == [str(one), str(two)]
    assert read_config(read_fat(one, "hub-config.txt")).config.wifi.password == "na5 doshka!"
    assert read_config(read_fat(two, "hub-config.txt")).config.school_name == "Школа № 2"
    assert read_fat(one, "config.txt") == b"arm_64bit=1\n"
    assert one.read_bytes()[:PART_AT] == before[:PART_AT]
    assert one.stat().st_blocks * 512 < PART_BYTES, "what is empty takes no room"
    assert one.stat().st_mode & 0o077 == 0, "it holds a password"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["101.img", "102.img", "labels.html"]


def test_without_an_image_each_school_has_its_file(schools, tmp_path):
    assert run("-", schools, "-o", tmp_path / "out").exit_code == 0
    assert read_config((tmp_path / "out/101/hub-config.txt").read_bytes()).config.school_code == "101"


def test_a_dry_run_makes_nothing(base, schools, tmp_path):
    told = json.loads(run(base, schools, "-o", tmp_path / "out", "--dry-run", "--json").stdout)
    assert (told["dry_run"], len(told["made"])) == (True, 2)
    assert not (tmp_path / "out").exists()


def test_one_wrong_line_makes_nothing_at_all(base, schools, tmp_path):
    schools.write_text(LIST + "103,Школа,,short,uk,\n", encoding="utf-8")
    done = run(base, schools, "-o", tmp_path / "out")
    assert "line 4, column wifi.password" in done.exception.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("spoil", [b"", b"not an image" * 100])
def test_what_is_no_image_is_refused(base, schools, tmp_path, spoil):
    base.write_bytes(spoil)
    assert "first partition is not FAT" in run(base, schools, "-o", tmp_path / "out").exception.message


def test_an_image_that_is_packed_is_refused(base, schools, tmp_path):
    shutil.move(base, tmp_path / "hub.img.xz")
    assert "xz -dk" in run(tmp_path / "hub.img.xz", schools, "-o", tmp_path / "out").exception.hint


def test_with_an_office_each_hub_has_its_id_and_token(schools, tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    (tmp_path / "host.pub").write_text(new_key())
    from provisioning.central.cards import remember_depot
    from provisioning.central.release import change

    change(
        work.office,
        lambda fleet: remember_depot(fleet, "sftp://depot.example/", [new_key()]),
        doing="test",
        now=work.now,
    )
    run("-", schools, "-o", tmp_path / "out", "--central", work.office.dir)
    read = [
        read_config((tmp_path / f"out/{code}/hub-config.txt").read_bytes()).config.central
        for code in (101, 102)
    ]
    assert len({central.hub_id for central in read}) == 2
    assert len({central.enrol_token for central in read}) == 2
    assert read[0].address == f"sftp://hub-{read[0].hub_id}@depot.example/"
    assert read[0].hub_id in (tmp_path / "out/labels.html").read_text()
    again = tmp_path / "again"
    run("-", schools, "-o", again, "--central", work.office.dir)
    assert read_config((again / "101/hub-config.txt").read_bytes()).config.central.hub_id == read[0].hub_id


def office_with_depot(tmp_path):
    from provisioning.central.cards import remember_depot
    from provisioning.central.release import change

    work = OfficeAtWork.found(tmp_path / "central")
    change(
        work.office,
        lambda fleet: remember_depot(fleet, "sftp://depot.example/", [new_key()]),
        doing="test",
        now=work.now,
    )
    return work


def test_where_nothing_can_be_written_the_files_before_keep_their_tokens(schools, tmp_path):
    work = office_with_depot(tmp_path)
    run("-", schools, "-o", tmp_path / "out", "--central", work.office.dir)
    before = {path.name: path.read_bytes() for path in work.office.hub_keys.iterdir()}
    assert len(before) == 2
    assert run("-", schools, "-o", schools / "out", "--central", work.office.dir).exit_code != 0
    assert {path.name: path.read_bytes() for path in work.office.hub_keys.iterdir()} == before


def test_two_schools_of_one_name_are_two_hubs(tmp_path):
    """Villages share names; with one id for both, the second card would take the first hub's place."""
    work = office_with_depot(tmp_path)
    (tmp_path / "two.csv").write_text("school_code,school_name\n201,Ліцей\n202,Ліцей\n")

    run("-", tmp_path / "two.csv", "-o", tmp_path / "out", "--central", work.office.dir)

    read = [read_config((tmp_path / f"out/{code}/hub-config.txt").read_bytes()).config for code in (201, 202)]
    assert len({config.central.hub_id for config in read}) == 2
    assert [config.school_code for config in read] == ["201", "202"]


def test_the_hub_of_another_school_is_not_taken_over(tmp_path):
    work = office_with_depot(tmp_path)
    work.enrol("h-201")
    (tmp_path / "one.csv").write_text("school_code,school_name\n201,Ліцей\n")

    done = run("-", tmp_path / "one.csv", "-o", tmp_path / "out", "--central", work.office.dir)

    assert done.exit_code != 0
    assert not (tmp_path / "out/201").exists()


def test_codes_that_differ_in_capitals_would_be_one_file():
    assert refused("school_code,school_name\nAb1,A\naB1,B\n") == [(3, "school_code")]


def test_a_misspelt_column_is_asked_about_and_all_are_named_once():
    first, second, _ = read_schools(b"school_code,school_nam,wifi.sid\n")[1]
    assert first.advice == "Did you mean school_name?"
    assert second.advice.startswith("Did you mean wifi.ssid? There are version, school_code,")


def test_a_column_that_stands_twice_is_told():
    assert refused("school_code,school_name,name\n1,A,B\n") == [(1, "school_name")]


def test_a_long_list_is_read_whole_or_refused():
    def listed(count):
        rows = "".join(f"{number},Ліцей номер {number}\n" for number in range(count))
        return f"school_code,school_name\n{rows}".encode()

    schools, faults = read_schools(listed(3000))
    assert (len(schools), faults) == (3000, [])
    assert len(listed(3000)) > 64 * 1024
    schools, faults = read_schools(listed(5001))
    assert (schools, len(faults)) == ([], 1), "nobody is left out without a word"


def test_a_quotation_mark_that_is_never_closed_is_a_fault():
    text = 'school_code,school_name\n1,"' + "а\n" * 150_000
    assert refused(text) == [(0, "")]


@pytest.mark.parametrize("language", ["uk", "en"])
def test_a_label_names_everything_and_needs_nothing_else(language):
    school = make_school(label_code="K7RM-4XQ9", school_name="<b>&", central=office_part("h-5"))
    page = render_labels([(school, "h-5")], language)
    for text in ("h-5", "K7RM-4XQ9", "na5 doshka!", "http://hub.lan/", "&lt;b&gt;&amp;"):
        assert text in page
    assert page.count("<svg") == 3
    assert re.search(r">(…{4}-){3}…{4}<", page), "room for a fingerprint: hub-status.txt has sixteen signs"
    assert "src=" not in page
    assert "href=" not in page

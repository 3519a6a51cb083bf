"""Bad input for every command: a clear message, the right exit code, no traceback, nothing half-written."""

import os
import shlex
from pathlib import Path
from zipfile import ZIP_LZMA

import pytest

from support.lessons import zipped
from support.road import must, run
from support.sources import write_source


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with one good thing of each sort, and some bad ones."""
    folder = tmp_path_factory.mktemp("input")
    must("packs", "build", write_source(folder / "source"), "-o", folder / "built")
    write_source(folder / "faulty", {"index.html": b"<a href='gone.html'>x</a>"}, title="")
    write_source(folder / "second", id="second")
    must("packs", "build", folder / "second", "-o", folder / "damaged")
    data = bytearray((folder / "damaged/blocks.000").read_bytes())
    data[10] ^= 1
    (folder / "damaged/blocks.000").write_bytes(data)
    (folder / "garbage").mkdir()
    (folder / "garbage/index.zst").write_bytes(b"not an index")
    (folder / "garbage/pack.toml").write_bytes(b"= what")
    write_source(folder / "outside", content="/usr")
    write_source(folder / "nul", content="a\0b")
    write_source(folder / "not-utf8")
    (folder / "not-utf8/pack.toml").write_bytes('title = "Урок"'.encode("cp1251"))
    for name, file, data in (
        ("odd-channel", "channel.toml", b"description = 5\ntags = 5"),
        (
            "damaged-zip",
            "a.zip",
            zipped({"index.html": "x" * 99}, ZIP_LZMA).replace(b"\x5d\0\0", b"\xff\0\0"),
        ),
    ):
        (folder / name).mkdir()
        (folder / name / file).write_bytes(data)
    (folder / "empty").mkdir()
    (folder / "file").write_text("I am a file")
    (folder / "suffix").write_text("com\n")
    (folder / "schools.csv").write_text("school_code,school_name\n1,Школа\n", encoding="utf-8")
    must("central", "init", folder / "central")
    hub = must(
        "hub",
        "init",
        folder / "hub",
        "--root",
        folder / "central/hub-root.json",
        "--depot",
        folder / "central/depot",
        "--hub-id",
        "h-1",
        "--json",
    ).json
    (folder / "key.pub").write_text(hub["public_key"])
    must("central", "--dir", folder / "central", "enrol", "h-1", folder / "key.pub", "--school", "Школа")
    (folder / "broken-hub").mkdir()
    (folder / "broken-hub/hub.toml").write_text("hub_id = [")
    return folder


CASES = [
    [field.strip() for field in line.split("|", 2)]
    for line in (Path(__file__).parents[1] / "cases" / "bad_input.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def listing(folder):
    skipped = ("locks", "__pycache__")
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not any(s in path.parts for s in skipped)
    )


@pytest.mark.parametrize(
    ("code", "words", "command"), CASES, ids=[case[2].replace("{}/", "") for case in CASES]
)
def test_bad_input(place, code, words, command):
    before = listing(place)
    env = {name: value for name, value in os.environ.items() if name not in ("HUB_DIR", "CENTRAL_DIR")}
    ran = run(*shlex.split(command.replace("{}", str(place))), timeout_s=60, env=env)
    assert ran.code == int(code), f"exit {ran.code}\n{ran.out}\n{ran.err}"
    assert words in ran.err + ran.out
    assert "Traceback" not in ran.err + ran.out
    if "packs check" not in command:
        assert ran.err.startswith("error"), ran.err
    new = set(listing(place)) - set(before)
    own = ("hub/hub.db", "hub/outbox", "hub/ballast")  # a sync that failed is told to the office later
    assert not [path for path in new if not path.startswith(own)], f"left behind: {new}"


def test_every_command_has_a_case():
    from content_packs.cli import cli as packs
    from hub.cli import cli as hub
    from provisioning.cards.cli import cli as hub_image
    from provisioning.central.cli import cli as central

    named = {(shlex.split(case[2])[0], word) for case in CASES for word in shlex.split(case[2])[1:]}
    without_input = {("hub", "status"), ("hub", "repair"), ("hub", "kolibri"), ("hub", "announce")}
    without_input |= {("central", "hubs")}
    for name, group in (("packs", packs), ("hub", hub), ("central", central), ("hub-image", hub_image)):
        missing = {(name, command) for command in group.commands} - named - without_input
        assert not missing

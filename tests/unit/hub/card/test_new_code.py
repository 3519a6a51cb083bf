"""A new code for the label holds on a card too, where a start writes the code of the school config."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from hub.card.boot import Others, boot
from hub.card.places import CardPlaces
from hub.cli import cli
from hub.labelcode import is_label_code, write_label_code
from hub.school import to_file, write_config
from support.school_config import make_school

OLD = "K7RM-4XQ9"


@pytest.fixture
def places(tmp_path, monkeypatch):
    places = CardPlaces(tmp_path / "root", tmp_path / "fat", tmp_path / "data")
    for folder in (places.etc, places.boot, places.data):
        folder.mkdir(parents=True)
    monkeypatch.setattr("hub.cli.accounts.CardPlaces", lambda: places)
    return places


def start(places):
    boot(places, Others(set_label_code=write_label_code), now=datetime(2026, 11, 28, 12, tzinfo=UTC))


@pytest.mark.parametrize("given", [OLD, ""], ids=["of the office", "its own"])
def test_the_code_before_counts_no_more_after_the_next_start_either(places, given):
    (places.boot / "hub-config.txt").write_bytes(to_file(write_config(make_school(label_code=given))))
    start(places)
    old = places.label_code.read_text().strip()
    done = CliRunner().invoke(cli, ["accounts", "code", "--dir", str(places.hub.dir), "--json"])
    new = json.loads(done.stdout)["label_code"]
    for _ in range(2):
        assert is_label_code(places.hub, new)
        assert not is_label_code(places.hub, old)
        start(places)
    assert new in (places.boot / "hub-status.txt").read_text(encoding="utf-8-sig")

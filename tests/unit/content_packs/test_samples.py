"""The sample packs that `make demo` shows: whole, small, and found by what they say."""

from pathlib import Path

import pytest

from content_packs.check import check_source
from content_packs.kinds import KINDS
from content_packs.source import open_source
from support.describing import describe

SAMPLES = Path(__file__).parents[3] / "samples"
PACKS = sorted(path.parent for path in SAMPLES.glob("*/pack.toml"))


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_sample_has_no_findings(folder):
    assert check_source(open_source(folder)) == []


def test_samples_show_every_kind_of_lesson_but_the_one_that_is_made_of_a_channel():
    kinds = {open_source(folder).values["kind"] for folder in PACKS}
    assert kinds == {name for name, kind in KINDS.items() if kind.for_learners} - {"kolibri"}


def test_samples_are_small():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 1_500_000


def test_sample_pdf_and_recordings_are_real(tmp_path):
    source = open_source(SAMPLES / "school-shelf")
    described = describe(source, tmp_path / "made")
    by_type = {item["type"]: item for item in described.details["items"]}
    assert set(by_type) == {"pdf", "epub", "audio", "video", "markdown"}
    assert by_type["pdf"]["pages"] == 2
    assert by_type["video"]["subtitles"]
    assert "яблуня" in described.extras["text/1. Шкільний сад.pdf.txt"].read_text().lower()

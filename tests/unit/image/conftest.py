from pathlib import Path

import pytest

from image.config import ImageConfig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def config(tmp_path):
    wheel = tmp_path / "classroom_hub-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    return ImageConfig(
        source=ROOT,
        wheel=wheel,
        work=tmp_path / "work",
        out=tmp_path / "out",
        version="7",
        epoch=1_800_000_000,
        mirrors=("deb mirror trixie main",),
    )

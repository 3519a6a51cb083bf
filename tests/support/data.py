"""Where the real inputs lie: beside the checkout, not in it."""

from pathlib import Path

SHARED_DATA = Path(__file__).parents[2].parent / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """Return a real input; a clear failure where the folder is missing."""
    path = SHARED_DATA.joinpath(*parts)
    assert path.exists(), f"{path} is missing: put shared/data beside the checkout"
    return path

"""School configs for tests: a plain one, the office's part of one, and the corpus of files."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from hub.school import CentralConfig, SchoolConfig, UplinkConfig, WifiConfig
from hub.school.root import pack_root
from support.office import OfficeAtWork, new_key

FOLDER = Path(__file__).parents[1] / "cases" / "school_config" / "files"
CORPUS = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
_SCHOOL = SchoolConfig(
    "12345678",
    "Ліцей «Промінь» с. Вишневе",
    wifi=WifiConfig("builtin", "Школа-5", "na5 doshka!", 11),
    uplink=UplinkConfig("usb"),
)


def make_school(**changes: object) -> SchoolConfig:
    """Return the config of a school, with these fields otherwise."""
    return replace(_SCHOOL, **changes)  # type: ignore[arg-type]


@cache
def _root() -> str:
    with tempfile.TemporaryDirectory() as folder:
        return pack_root(OfficeAtWork.found(Path(folder) / "central").root_bytes)


@cache
def _host_key() -> str:
    return f"{new_key()} depot"


def office_part(hub_id: str) -> CentralConfig:
    """Return what an office writes into the config of a hub; its depot exists nowhere."""
    return CentralConfig(f"sftp://{hub_id}@depot.example:22/", (_host_key(),), _root(), hub_id)

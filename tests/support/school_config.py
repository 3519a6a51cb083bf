"""School configs for tests: a plain one, the office's part of one, and the corpus of files."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from hub.school import CentralConfig, SchoolConfig, UplinkConfig, WifiConfig
from hub.school.root import pack_root
from support.office import found

FOLDER = Path(__file__).parents[1] / "cases" / "school_config" / "files"
CORPUS = {path.name: path.read_bytes() for path in FOLDER.iterdir()}

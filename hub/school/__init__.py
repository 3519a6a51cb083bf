"""The school config, hub-config.txt: one schema for boot, `central card` and the pages. Pure."""

from hub.school.config import CentralConfig, SchoolConfig, UplinkConfig, WifiConfig
from hub.school.finding import Finding
from hub.school.reader import FILE_NAME, Reading, find_name, read_config
from hub.school.secrets import remove_secrets
from hub.school.writer import to_file, write_config

__all__ = [
    "FILE_NAME",
    "CentralConfig",
    "Finding",
    "Reading",
    "SchoolConfig",
    "UplinkConfig",
    "WifiConfig",
    "find_name",
    "read_config",
    "remove_secrets",
    "to_file",
    "write_config",
]

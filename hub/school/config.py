"""What a school config says, once it has been checked."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class WifiConfig:
    """The network that the class joins."""

    mode: str = "builtin"  # builtin, external-ap or off
    ssid: str = ""
    password: str = ""  # empty: an open network
    channel: int = 0  # 0: the hub chooses


@dataclass(frozen=True, slots=True)
class UplinkConfig:
    """How the hub reaches the office."""

    kind: str = "ethernet"  # none, ethernet, usb or wifi
    ssid: str = ""
    password: str = ""  # empty: an open network


@dataclass(frozen=True, slots=True)
class CentralConfig:
    """The office that this hub belongs to; all empty: none yet."""

    address: str = ""  # sftp://user@host:port/path or https://host/path
    host_keys: tuple[str, ...] = ()  # public host keys of the depot, one line each
    root: str = ""  # hub-root.json, packed by hub.school.root
    hub_id: str = ""
    enrol_token: str = ""


@dataclass(frozen=True, slots=True)
class SchoolConfig:
    """Everything in hub-config.txt; docs/format/school-config-v1.md says what each value may be."""

    school_code: str
    school_name: str
    version: int = 1
    country: str = "UA"
    timezone: str = "Europe/Kyiv"
    language: str = "uk"
    hub_name: str = "hub.lan"
    student_internet: str = "off"  # off or filtered
    technician_password: str = ""  # the first one; empty: set on the page of the first start
    label_code: str = ""  # printed on the label: who has it stands before the hub
    wifi: WifiConfig = field(default_factory=WifiConfig)
    uplink: UplinkConfig = field(default_factory=UplinkConfig)
    central: CentralConfig = field(default_factory=CentralConfig)


_SECTIONS: dict[str, type] = {"wifi": WifiConfig, "uplink": UplinkConfig, "central": CentralConfig}


def from_values(values: Mapping[str, Any]) -> SchoolConfig:
    """Return the config of checked values by their full key, as `wifi.ssid`."""
    top = {key: value for key, value in values.items() if "." not in key}
    sections = {
        name: kind(
            **{key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")}
        )
        for name, kind in _SECTIONS.items()
    }
    return SchoolConfig(**top, **sections)


def to_values(config: SchoolConfig) -> dict[str, Any]:
    """Return every value of a config by its full key."""
    values: dict[str, Any] = {}
    for key, value in asdict(config).items():
        if key in _SECTIONS:
            values |= {f"{key}.{name}": inner for name, inner in value.items()}
        else:
            values[key] = value
    return values

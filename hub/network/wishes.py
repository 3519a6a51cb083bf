"""What the school config asks of the network; kept in memory (/run) for who has to read it again."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Protocol, Self

from content_packs.errors import LocalError


class _Wifi(Protocol):
    """`[wifi]` of the school config."""

    @property
    def mode(self) -> str: ...
    @property
    def ssid(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def channel(self) -> int | None: ...


class _Uplink(Protocol):
    """`[uplink]` of the school config."""

    @property
    def kind(self) -> str: ...
    @property
    def ssid(self) -> str: ...
    @property
    def password(self) -> str: ...


class School(Protocol):
    """The school config, as far as the network goes: hub/school."""

    @property
    def country(self) -> str:
        """Two capital letters."""
        ...

    @property
    def hub_name(self) -> str:
        """Of the portal."""
        ...

    @property
    def student_internet(self) -> str:
        """`off` or `filtered`."""
        ...

    @property
    def wifi(self) -> _Wifi:
        """The access point."""
        ...

    @property
    def uplink(self) -> _Uplink:
        """The way out."""
        ...


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the school wants its network. `password` empty: an open network; `channel` 0: the hub chooses."""

    country: str = "UA"
    hub_name: str = "hub.lan"
    wifi_mode: str = "builtin"
    ssid: str = ""
    password: str = dataclasses.field(default="", repr=False)
    channel: int = 0
    uplink_kind: str = "none"
    uplink_ssid: str = ""
    uplink_password: str = dataclasses.field(default="", repr=False)
    student_internet: str = "off"

    @classmethod
    def of(cls, school: School) -> Self:
        """Return what a school config asks for."""
        wifi, uplink = school.wifi, school.uplink
        return cls(
            country=school.country,
            hub_name=school.hub_name or "hub.lan",
            wifi_mode=wifi.mode,
            ssid=wifi.ssid,
            password=wifi.password,
            channel=wifi.channel or 0,
            uplink_kind=uplink.kind,
            uplink_ssid=uplink.ssid,
            uplink_password=uplink.password,
            student_internet=school.student_internet,
        )

    def to_json(self) -> bytes:
        """Return the wishes as /run keeps them."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Return what `to_json` wrote; LocalError where it is something else."""
        try:
            values: dict[str, Any] = json.loads(data)
            return cls(**values)
        except (ValueError, TypeError) as error:
            message = f"the network's wishes cannot be read: {error}"
            raise LocalError(message, hint="Run `hub card boot`, which writes them again.") from error

"""Ways of moving bytes from a depot: one file each, and one line in the registry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from content_packs.errors import UsageError
from content_packs.transports.address import (
    ALLOWED,
    parse_folder,
    parse_sftp,
    parse_web,
    scheme_of,
    without_password,
)
from content_packs.transports.host_keys import parse_host_keys
from content_packs.transports.local import open_local
from content_packs.transports.transport import Transport


@dataclass(frozen=True, slots=True)
class Access:
    """How a hub proves who it is, knows the depot, and how long it waits."""

    key_path: Path | None
    host_keys: Sequence[str]
    connect_timeout_s: float
    step_timeout_s: float
    ca_path: Path | None = None


def _open_folder(url: str, _access: Access) -> Transport:
    return open_local(parse_folder(url))


def _open_sftp(url: str, access: Access) -> Transport:
    from content_packs.transports.sftp import open_sftp  # paramiko takes 0.2 s that a stick need not wait for

    return open_sftp(
        parse_sftp(url),
        key_path=access.key_path,
        host_keys=access.host_keys,
        connect_timeout_s=access.connect_timeout_s,
        step_timeout_s=access.step_timeout_s,
    )


def _open_https(url: str, access: Access) -> Transport:
    from content_packs.transports.https import open_https  # ssl takes 30 ms that a stick need not wait for

    return open_https(
        url,
        ca_path=access.ca_path,
        connect_timeout_s=access.connect_timeout_s,
        step_timeout_s=access.step_timeout_s,
    )


OPENERS: dict[str, Callable[[str, Access], Transport]] = {
    "file": _open_folder,
    "sftp": _open_sftp,
    "https": _open_https,
}


def open_transport(
    url: str,
    *,
    key_path: Path | None,
    host_keys: Sequence[str],
    connect_timeout_s: float,
    step_timeout_s: float,
    ca_path: Path | None = None,
) -> Transport:
    """Open the depot at `url`: sftp://user@host:port/path, https://host/path, file:///folder, or a folder.

    `host_keys` are lines as in /etc/ssh/ssh_host_*.pub; they and the key are for sftp alone. `ca_path` holds
    the authorities that may vouch for an https server, in place of the system's own.
    `connect_timeout_s` bounds each of: TCP, key exchange, sign-in; `step_timeout_s` any later silence.

    Raises:
        UsageError: not a depot URL, no host key, or a key that is not one.
        LocalError: no such folder, or the hub's key cannot be read.
        LinkError: the depot cannot be reached now.
        IdentityError: its host key is not a pinned one, or it does not accept the hub's key.
    """
    access = Access(key_path, host_keys, connect_timeout_s, step_timeout_s, ca_path)
    return OPENERS[_known_scheme(url)](url, access)


def check_url(url: str, *, host_keys: Sequence[str]) -> None:
    """Raise UsageError unless `url` could be a depot's and has the host keys that it needs; opens nothing."""
    scheme = _known_scheme(url)
    if scheme == "https":
        parse_web(url)
    if scheme == "sftp":
        parse_sftp(url)
        if not host_keys:
            raise UsageError(f"depot URL {url!r}: no host key to know it by", hint="Give --host-key FILE.")
        parse_host_keys(host_keys)


def _known_scheme(url: str) -> str:
    scheme = scheme_of(url)
    if scheme not in OPENERS:
        why = (
            "http: anybody on the way could listen; use https:"
            if scheme == "http"
            else f"{scheme}: is not supported"
        )
        raise UsageError(f"depot URL {without_password(url)!r}: {why}", hint=f"Write {ALLOWED}.")
    return scheme

"""Depot URLs: sftp://user@host:port/path, https://host/path, file:///folder, or a folder."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import SplitResult, quote, unquote_to_bytes, urlsplit

from content_packs.errors import UsageError

ALLOWED = "sftp://user@host:port/path, https://host/path, file:///folder, or a folder"
SSH_PORT = 22
WEB_PORT = 443
_PASSWORD = re.compile(r"(?<=://)([^/@]*):[^/@]*@")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_SCP_STYLE = re.compile(r"[^/\s]+@[^/\s]+:")


@dataclass(frozen=True, slots=True)
class SftpAddress:
    """A depot on an SSH server; `root` is its path as the account sees it, without a `/` at the end."""

    url: str
    user: str
    host: str
    port: int
    root: str


@dataclass(frozen=True, slots=True)
class WebAddress:
    """A tree of files on a web server; `root` is its quoted path, without a `/` at the end."""

    scheme: str
    host: str
    port: int
    root: str
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What one connection reaches."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host and port as a request and a message name them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == WEB_PORT else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Without the password."""
        return f"{self.scheme}://{self.authority}{self.root}"


def without_password(url: str) -> str:
    """Return `url` as it may be shown."""
    return _PASSWORD.sub(r"\1@", url)


def is_web(url: str) -> bool:
    """Whether a depot URL, right or wrong, means a web server: such a depot takes nothing from hubs."""
    return url.lstrip().lower().startswith("https:")


def scheme_of(url: str) -> str:
    """Return the scheme of a depot URL in lower case; `file` for a folder.

    Raises:
        UsageError: nothing that a depot could be.
    """
    if not url.strip():
        _refuse(url, "it is empty")
    found = _SCHEME.match(url)
    if found and not Path(url).exists():
        return found[1].lower()
    if _SCP_STYLE.match(url) and not Path(url).exists():
        _refuse(url, "this is how scp writes it")
    return "file"


def parse_folder(url: str) -> Path:
    """Return the folder that a `file:` URL or a path names."""
    if not url.lower().startswith("file:") or Path(url).exists():
        return Path(url).expanduser()
    parts = _split(url)
    if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        _refuse(url, "a file URL has three slashes and an absolute path")
    return Path(_decoded(url, parts.path, "path"))


def parse_sftp(url: str) -> SftpAddress:
    """Return the parts of an `sftp:` URL.

    Raises:
        UsageError: a part is missing, malformed or not allowed; the message says which.
    """
    parts = _split(url)
    if not url.lower().startswith("sftp://") or not parts.hostname:
        _refuse(url, "the host is missing")
    if parts.password is not None:
        _refuse(url, "a password has no place in it: the hub signs in with its key")
    if not parts.username:
        _refuse(url, "the user is missing")
    if parts.query or parts.fragment:
        _refuse(url, "write '?' as %3F and '#' as %23 in the path")
    user = _decoded(url, parts.username, "user")
    return SftpAddress(url, user, parts.hostname, _port(url, parts, SSH_PORT), _root(url, parts))


def parse_web(url: str) -> WebAddress:
    """Return the parts of an `https:` URL.

    Raises:
        UsageError: a part is missing, malformed or not allowed; the message says which.
    """
    parts = _split(url)
    if parts.scheme != "https" or not parts.hostname:
        _refuse(url, "the host is missing" if parts.scheme == "https" else f"{parts.scheme}: is not allowed")
    if parts.query or parts.fragment:
        _refuse(url, "write '?' as %3F and '#' as %23 in the path")
    user, password = (_decoded(url, part or "", "user") for part in (parts.username, parts.password))
    if ":" in user:
        _refuse(url, "the user's name has a ':'")
    try:
        host = parts.hostname.encode("idna").decode()
    except UnicodeError:
        _refuse(url, "the host is no name that there could be")
    port = _port(url, parts, WEB_PORT)
    return WebAddress(parts.scheme, host, port, quote(_root(url, parts)), user, password)


def _root(url: str, parts: SplitResult) -> str:
    path = _decoded(url, parts.path, "path")
    if any(part in (".", "..") for part in path.split("/")):
        _refuse(url, "its path has a '.' or '..' part")
    return "".join(f"/{part}" for part in path.split("/") if part)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise UsageError(f"depot URL {without_password(url)!r}: {error}", hint=f"Write {ALLOWED}.") from error


def _port(url: str, parts: SplitResult, usual: int) -> int:
    try:
        port = usual if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        _refuse(url, "the port must be a number from 1 to 65535")
    return port


def _decoded(url: str, text: str, what: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        decoded = "\0"
    if "\0" in decoded or "\n" in decoded:
        _refuse(url, f"its {what} is not plain UTF-8 text")
    return decoded


def _refuse(url: str, why: str) -> NoReturn:
    raise UsageError(f"depot URL {without_password(url)!r}: {why}", hint=f"Write {ALLOWED}.")

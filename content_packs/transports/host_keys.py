"""Pinned public host keys, one a line as in /etc/ssh/ssh_host_*.pub."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from content_packs.errors import UsageError

# Key type → the signature algorithms to offer for it, in order of preference: shortest on the wire first.
_ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
_HINT = "Give the lines of the depot's /etc/ssh/ssh_host_*.pub; the office has them."


@dataclass(frozen=True, slots=True)
class HostKey:
    """One public host key."""

    type: str
    blob: bytes


def parse_host_keys(lines: Sequence[str]) -> list[HostKey]:
    """Return the keys in `lines`; blank lines and those that start with `#` are passed over.

    Raises:
        UsageError: a line that is not a public key of a type that we can check, or no key at all.
    """
    keys = [_parse(line) for line in _filled(lines)]
    if not keys:
        raise UsageError("no host key of the depot is given: expected at least one", hint=_HINT)
    return keys


def is_host_key(line: str) -> bool:
    """Tell whether this is one public host key of a type that we can check."""
    try:
        return len(parse_host_keys([line])) == 1
    except UsageError:
        return False


def algorithms(keys: Sequence[HostKey]) -> tuple[str, ...]:
    """Return what to offer, so that the server shows a key of a pinned type."""
    pinned = {key.type for key in keys}
    return tuple(name for type_, names in _ALGORITHMS.items() if type_ in pinned for name in names)


def fingerprint(blob: bytes) -> str:
    """Return what `ssh-keygen -l` prints for a key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _filled(lines: Sequence[str]) -> Iterator[str]:
    for text in lines:
        for line in text.splitlines():
            if line.strip() and not line.lstrip().startswith("#"):
                yield line.strip()


def _parse(line: str) -> HostKey:
    type_, _, rest = line.partition(" ")
    if type_ not in _ALGORITHMS:
        raise UsageError(
            f"host key line {_short(line)!r}: expected it to start with one of {', '.join(_ALGORITHMS)}",
            hint=_HINT,
        )
    try:
        blob = base64.b64decode(rest.split()[0] if rest.split() else "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"host key line {_short(line)!r}: the key is not base64", hint=_HINT) from error
    if not blob.startswith(len(type_).to_bytes(4, "big") + type_.encode()):
        raise UsageError(
            f"host key line {_short(line)!r}: expected a key of type {type_}, cut or mixed up", hint=_HINT
        )
    return HostKey(type_, blob)


def _short(line: str) -> str:
    return line if len(line) <= 60 else line[:60] + "…"

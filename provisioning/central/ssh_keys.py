"""Hubs' public SSH keys: checked when they come in, written for sshd."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

from content_packs.errors import UsageError, local_error

# What a sync asks of a server, and what the key of a card's token needs to leave one request: with it nothing
# can be read or listed, and files come to be only where the account may write, which is the hub's own inbox.
HUB_REQUESTS = ("open", "close", "read", "write", "stat", "fsync", "posix-rename")
TOKEN_REQUESTS = ("open", "close", "write", "stat", "fsync", "posix-rename")
_MAX_KEY_FILE_BYTES = 16 * 1024
_MIN_RSA_BITS = 3072
_ACCEPTED = "ed25519, ECDSA, or RSA of at least 3072 bits"


def read_public_key(path: Path) -> str:
    """Return `<type> <base64>` of the OpenSSH public key in a file, its comment dropped.

    Raises:
        UsageError: not one public key, or of a kind or size that is not accepted.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_KEY_FILE_BYTES)
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: no such file", hint="`hub init` wrote DIR/keys/id_ed25519.pub; give a copy of it."
        ) from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    if b"PRIVATE KEY" in data:
        raise UsageError(
            f"{path}: this is a private key, which must stay on the hub",
            hint="Give the file whose name ends in .pub.",
        )
    return parse_public_key(data.strip(), path)


def parse_public_key(data: bytes, path: object) -> str:
    """Return `<type> <base64>` of an OpenSSH public key line; `path` says in messages where it is from.

    Raises:
        UsageError: as `read_public_key`.
    """
    lines = data.splitlines()
    if len(lines) != 1:
        raise UsageError(f"{path}: expected one line with one public key, got {len(lines)} lines")
    try:
        key = load_ssh_public_key(lines[0])
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"{path}: not an OpenSSH public key: {error}", hint=f"Accepted: {_ACCEPTED}."
        ) from error
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise UsageError(f"{path}: RSA of {key.key_size} bits is too short", hint=f"Accepted: {_ACCEPTED}.")
    if not isinstance(key, Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey):
        raise UsageError(f"{path}: this kind of key is not accepted", hint=f"Accepted: {_ACCEPTED}.")
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def read_host_keys(path: Path) -> list[str]:
    """Return the public host keys in a file such as /etc/ssh/ssh_host_ed25519_key.pub, comments dropped.

    Raises:
        UsageError: there is none, or a line is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    keys = [_host_key(line.strip(), path) for line in lines if line.strip() and line[:1] != b"#"]
    if not keys:
        raise UsageError(f"{path}: no public host key in it", hint="Give /etc/ssh/ssh_host_ed25519_key.pub.")
    return keys


def _host_key(line: bytes, path: Path) -> str:
    """Return a host key's line without its comment; its size is for who runs the server to choose."""
    try:
        key = load_ssh_public_key(line)
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = "Give a file such as /etc/ssh/ssh_host_ed25519_key.pub of the depot."
        raise UsageError(f"{path}: not a public host key: {line[:40]!r}", hint=hint) from error
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def authorized_line(
    hub_id: str, public_key: str, *, until: datetime | None = None, requests: Sequence[str] = ()
) -> str:
    """Return the authorized_keys line: no forwarding, no terminal; sshd's own rules force sftp.

    sshd reads `until` as its own local time, which is why it is written as this machine's. `requests` are all
    that this key may ask for; a ForceCommand of sshd's own counts more, so it must then say none.
    """
    expires = f',expiry-time="{until.astimezone():%Y%m%d%H%M}"' if until else ""
    command = f',command="{sftp_command(requests)}"' if requests else ""
    return f"restrict{expires}{command} {public_key} {hub_id}\n"


def confine(line: bytes) -> bytes:
    """Return a line of `authorized_line` with all that its key may ask for; one that expires is a token's.

    Whoever runs the SSH server calls it, so that the server needs no ForceCommand, which is the same for all.
    """
    requests = TOKEN_REQUESTS if line.startswith(b"restrict,expiry-time=") else HUB_REQUESTS
    options, space, rest = line.partition(b" ")
    return options + f',command="{sftp_command(requests)}"'.encode() + space + rest


def sftp_command(requests: Sequence[str]) -> str:
    """Return what sshd runs for a key that may make just these requests of SFTP."""
    return f"internal-sftp -u 0007 -p {','.join(requests)}"

"""One key in one file: PEM, without a passphrase as PKCS 8, with one as OpenSSH keeps its keys.

Encrypted PKCS 8, as the cryptography package writes it, costs who guesses 2048 rounds of PBKDF2; OpenSSH's
bcrypt costs half a second a guess, and leaves the public half readable. docs/adr/0022-keys.md.
"""

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
    load_ssh_public_key,
)

from content_packs.errors import LocalError, local_error

KDF_ROUNDS = 64  # of bcrypt: half a second on a PC of 2020
_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_MAX_BYTES = 16 * 1024
PrivateKey = Ed25519PrivateKey | X25519PrivateKey


class WrongPassphraseError(Exception):
    """This passphrase does not open this file."""


def encode_key(key: PrivateKey, passphrase: str = "") -> bytes:
    """Return the file of a key; `passphrase` empty: anybody can read it."""
    if not passphrase:
        return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    builder = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(KDF_ROUNDS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, builder.build(passphrase.encode()))


def read_key_file(path: Path) -> bytes:
    """Return what lies in a key's file.

    Raises:
        LocalError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_MAX_BYTES)
    except OSError as error:
        raise local_error(error, f"reading {path}") from error


def is_encrypted(data: bytes) -> bool:
    """Tell whether a passphrase is needed to use this file."""
    return _OPENSSH in data


def decode_key(data: bytes, path: Path, passphrase: str = "") -> PrivateKey:
    """Return the key in a file; `path` names it in messages.

    Raises:
        WrongPassphraseError: it is encrypted with another one.
        LocalError: it is damaged, or no key of ours.
    """
    if is_encrypted(data):
        read_public(data, path)  # damaged, not locked: no passphrase helps
    key: object
    try:
        if is_encrypted(data):
            key = load_ssh_private_key(data, passphrase.encode() or b"\0")
        else:
            key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        if is_encrypted(data):
            raise WrongPassphraseError from error
        raise _damaged(path, f"not a PEM key: {error}") from error
    if not isinstance(key, PrivateKey):
        raise _damaged(path, f"expected an ed25519 key, got {type(key).__name__}")
    return key


def read_public(data: bytes, path: Path) -> Ed25519PublicKey:
    """Return the public half of a signing key, which needs no passphrase.

    Raises:
        LocalError: the file is damaged, or holds another sort of key.
    """
    if not is_encrypted(data):
        key = decode_key(data, path)
        if not isinstance(key, Ed25519PrivateKey):
            raise _damaged(path, f"expected an ed25519 key, got {type(key).__name__}")
        return key.public_key()
    try:
        body = base64.b64decode(b"".join(data.split(b"-----")[2].split()), validate=True)
        line = b"ssh-ed25519 " + base64.b64encode(_public_part(body))
        public = load_ssh_public_key(line)
    except (ValueError, IndexError, binascii.Error, UnsupportedAlgorithm) as error:
        raise _damaged(path, f"not an OpenSSH key: {error}") from error
    if not isinstance(public, Ed25519PublicKey):
        raise _damaged(path, f"expected an ed25519 key, got {type(public).__name__}")
    return public


def _public_part(body: bytes) -> bytes:
    """Return the public key out of OpenSSH's PROTOCOL.key: it stands before what is encrypted."""
    if not body.startswith(_MAGIC):
        raise ValueError("no openssh-key-v1")
    at = len(_MAGIC)
    for _ in ("cipher", "kdf", "kdf options"):
        at += 4 + int.from_bytes(body[at : at + 4])
    at += 4  # how many keys: one
    length = int.from_bytes(body[at : at + 4])
    return body[at + 4 : at + 4 + length]


def _damaged(path: Path, what: str) -> LocalError:
    return LocalError(f"{path}: {what}", hint="Restore it from a backup, or see: central keys recover NAME")

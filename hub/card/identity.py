"""What makes this card itself: made on the first boot, twice on the disk, and again where a cut spoiled it.

The image holds no machine id and no key, so that no two schools share one.
"""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from content_packs.durable import swap_symlink, write_durably
from content_packs.spare import read_whole
from hub.card.places import CardPlaces
from hub.identity import make_key
from hub.school.codes import LABEL_PATTERN, make_label_code

Maker = Callable[[], str]
_MACHINE_ID = re.compile(rb"[0-9a-f]{32}\n?")
_CODE = re.compile(LABEL_PATTERN.encode() + rb"\n?")
_HOST_KEY = "ssh_host_ed25519_key"
_SECRET = 0o600


def keep_machine_id(places: CardPlaces) -> str:
    """Return the machine id, and see that it lies there twice and /etc has it.

    The initramfs makes it (handover.sh, `give_machine_id`) and knows only the first of the two copies; where
    it could not keep it, what /etc has counts.

    Raises:
        OSError: the data partition cannot be written.
    """
    own = places.etc / "machine-id"
    made = own.read_bytes() if own.is_file() else b""

    def make() -> str:
        return made.decode().strip() if _MACHINE_ID.fullmatch(made) else secrets.token_hex(16)

    text = _keep(places, places.machine_id, _MACHINE_ID, make, mode=0o444)
    if made.strip() != text.encode():
        write_durably(own, f"{text}\n".encode(), mode=0o444)
    return text


def keep_label_code(places: CardPlaces, given: str) -> str:
    """Return the code that proves presence: the given one, else the one that is kept, else a new one.

    Raises:
        OSError: the data partition cannot be written.
    """
    if given:
        for path in (places.label_code, places.spare(places.label_code)):
            if not path.is_file() or path.read_text(errors="replace").strip() != given:
                write_durably(path, f"{given}\n".encode(), mode=_SECRET)
        return given
    return _keep(places, places.label_code, _CODE, make_label_code, mode=_SECRET)


def keep_host_keys(places: CardPlaces) -> bool:
    """Make sshd's host key and put it into /etc/ssh, only where sshd is configured; whether it is.

    Raises:
        OSError: the data partition cannot be written.
    """
    if not (places.etc / "ssh" / "sshd_config").is_file():
        return False
    path = places.ssh / _HOST_KEY
    kept = read_whole(path, places.spare(path), is_private_key, mode=_SECRET)
    private = kept.data if kept else make_key()[0]
    if kept is None:
        _write_twice(places, path, private, mode=_SECRET)
    target = places.etc / "ssh" / _HOST_KEY
    write_durably(target, private, mode=_SECRET)
    write_durably(target.with_suffix(".pub"), public_line(private).encode() + b"\n")
    return True


def set_hostname(places: CardPlaces, school_code: str) -> str:
    """Return the host name, `hub-<school code>`, written into /etc; the caller tells the kernel."""
    name = f"hub-{school_code.lower()}"[:63].rstrip("-")
    write_durably(places.etc / "hostname", f"{name}\n".encode())
    lines = f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n"
    write_durably(places.etc / "hosts", lines.encode())
    return name


def set_timezone(places: CardPlaces, timezone: str) -> None:
    """Make a time zone that of the machine."""
    swap_symlink(places.etc / "localtime", f"/usr/share/zoneinfo/{timezone}")
    write_durably(places.etc / "timezone", f"{timezone}\n".encode())


def is_private_key(data: bytes) -> bool:
    """Whether these bytes are a whole private key."""
    try:
        serialization.load_ssh_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def public_line(private: bytes) -> str:
    """Return the public half of a private key as one OpenSSH line."""
    key = serialization.load_ssh_private_key(private, None).public_key()
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _keep(places: CardPlaces, path: Path, pattern: "re.Pattern[bytes]", make: Maker, *, mode: int) -> str:
    kept = read_whole(path, places.spare(path), lambda data: bool(pattern.fullmatch(data)), mode=mode)
    if kept is not None:
        return kept.data.decode().strip()
    made = make()
    _write_twice(places, path, f"{made}\n".encode(), mode=mode)
    return made


def _write_twice(places: CardPlaces, path: Path, data: bytes, *, mode: int) -> None:
    for each in (path, places.spare(path)):
        write_durably(each, data, mode=mode)

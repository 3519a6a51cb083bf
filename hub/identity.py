"""Give a new hub its identity: a key pair, pinned host keys, the office's root, hub.toml."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from content_packs.depot import check_hub_id
from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from content_packs.transports import check_url
from content_packs.trust import check_root
from hub.settings import HubPaths


@dataclass(frozen=True, slots=True)
class NewHub:
    """What `hub init` made."""

    hub_id: str
    public_key: str  # one line, OpenSSH
    dir: Path


def make_hub(
    directory: Path, root: Path, depot_url: str, host_key_files: Sequence[Path], hub_id: str | None
) -> NewHub:
    """Make `directory` a hub's state directory; everything is checked before the first file is written.

    Raises:
        UsageError: it is one already, or an argument is wrong.
        BadDataError: `root` is not a root that the office made.
    """
    paths = HubPaths(directory.absolute())
    if paths.settings.exists():
        raise UsageError(f"{paths.dir}: is a hub already", hint="Choose another folder, or delete this one.")
    root_bytes = _read(root)
    check_root(root_bytes)
    host_keys = [line for file in host_key_files for line in read_host_keys(file)]
    check_url(depot_url, host_keys=host_keys)
    private, public = make_key()
    chosen = check_hub_id(hub_id or f"h-{hashlib.sha256(public.encode()).hexdigest()[:12]}")
    comment = f"{public} {chosen}\n"
    try:
        paths.dir.mkdir(parents=True, exist_ok=True)
        write_durably(paths.key, private, mode=0o600)
        write_durably(paths.key.with_suffix(".pub"), comment.encode())
        write_durably(paths.host_keys, "".join(f"{line}\n" for line in host_keys).encode())
        write_durably(paths.trust / "hub-root.json", root_bytes)
        # Last: a directory without hub.toml is no hub yet, so an interrupted init can be run again.
        write_durably(paths.settings, _settings_text(chosen, _absolute(depot_url)).encode())
    except OSError as error:
        raise local_error(error, f"making a hub in {paths.dir}") from error
    return NewHub(chosen, comment.strip(), paths.dir)


def _absolute(depot_url: str) -> str:
    return depot_url if "://" in depot_url else str(Path(depot_url).absolute())


def _settings_text(hub_id: str, depot_url: str) -> str:
    return (
        "# Settings of this hub; every key is explained in docs/reference/settings.md.\n"
        f"hub_id = {json.dumps(hub_id)}\n"
        f"depot_url = {json.dumps(depot_url, ensure_ascii=False)}\n"
    )


def make_key() -> tuple[bytes, str]:
    """Return a new Ed25519 key: the private part as an OpenSSH file, the public part as one line."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private, public.decode("ascii")


def read_host_keys(path: Path) -> list[str]:
    """Return the public host keys in a file, one line each.

    Raises:
        UsageError: no key in it, or a line that is none.
    """
    try:
        lines = _read(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not text; expected a public host key") from error
    keys = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not keys:
        raise UsageError(f"{path}: no public host key in it", hint="Give /etc/ssh/ssh_host_ed25519_key.pub.")
    for key in keys:
        try:
            serialization.load_ssh_public_key(key.encode())
        except (ValueError, UnsupportedAlgorithm) as error:
            hint = "Give a file such as /etc/ssh/ssh_host_ed25519_key.pub of the depot."
            raise UsageError(f"{path}: not a public host key: {key[:40]!r}", hint=hint) from error
    return keys


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error

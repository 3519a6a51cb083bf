"""Give a new hub its identity: a key pair, pinned host keys, the office's root, hub.toml."""

import contextlib
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
from content_packs.errors import BadDataError, LocalError, UsageError, local_error
from content_packs.spare import looks_cut, read_whole
from content_packs.transports import check_url
from hub.settings import HUB_TOML, HubPaths, read_settings


@dataclass(frozen=True, slots=True)
class NewHub:
    """What `hub init` made."""

    hub_id: str
    public_key: str  # one line, OpenSSH
    dir: Path


def make_hub(
    directory: Path,
    root: Path,
    depot_url: str,
    host_key_files: Sequence[Path],
    hub_id: str | None,
    *,
    ca_file: Path | None = None,
) -> NewHub:
    """Make `directory` a hub's state directory; everything is checked before the first file is written.

    Raises:
        UsageError: it is one already, or an argument is wrong.
        BadDataError: `root` is not a root that the office made.
    """
    paths = HubPaths(directory.absolute())
    if paths.settings.exists() or (paths.spare / HUB_TOML).exists():
        raise UsageError(
            f"{paths.dir}: is a hub already, ready to use",
            hint=f"To change its depot edit {paths.settings}; give another hub another folder.",
        )
    root_bytes = _read(root)
    require_root(root_bytes)
    host_keys = [line for file in host_key_files for line in read_host_keys(file)]
    check_url(depot_url, host_keys=host_keys)
    authorities = b"" if ca_file is None else _read_authorities(ca_file)
    private, public = make_key()
    chosen = check_hub_id(hub_id or f"h-{hashlib.sha256(public.encode()).hexdigest()[:12]}")
    comment = f"{public} {chosen}\n"
    try:
        paths.dir.mkdir(parents=True, exist_ok=True)
        write_durably(paths.key, private, mode=0o600)
        write_durably(paths.key.with_suffix(".pub"), comment.encode())
        write_durably(paths.host_keys, "".join(f"{line}\n" for line in host_keys).encode())
        if authorities:
            write_durably(paths.depot_ca, authorities)
        write_durably(paths.root, root_bytes)
        # Last: a directory without hub.toml is no hub yet, so an interrupted init can be run again.
        write_durably(paths.settings, _settings_text(chosen, _absolute(depot_url)).encode())
        mend(paths)
    except OSError as error:
        raise local_error(error, f"making a hub in {paths.dir}") from error
    return NewHub(chosen, comment.strip(), paths.dir)


def mend(paths: HubPaths) -> None:
    """Keep a spare copy of what makes this hub itself, and bring back from it what a power cut took.

    What is lost beyond that is missed by whoever needs it: `require_key`, `read_root`.

    Raises:
        LocalError: a file may not be read.
    """
    try:
        read_settings(paths)
        key = read_whole(paths.key, paths.spare / paths.key.name, _is_key, mode=0o600)
        if key is not None:
            _mend_public_key(paths, key.data)
        if not _is_kept(paths.root, paths.spare / paths.root.name):
            read_whole(paths.root, paths.spare / paths.root.name, _is_root)
        list_host_keys(paths)
    except OSError as error:
        raise local_error(error, f"reading the identity of the hub in {paths.dir}") from error


def list_host_keys(paths: HubPaths) -> list[str]:
    """Return the pinned host keys of the depot, one line each; what a typing error spoiled counts as before.

    Raises:
        LocalError: the file may not be read.
    """
    try:
        kept = read_whole(paths.host_keys, paths.spare / paths.host_keys.name, _are_host_keys, by_hand=True)
        if kept is None:
            return _read_text(paths.host_keys).splitlines()
    except OSError as error:
        raise local_error(error, f"reading {paths.host_keys}") from error
    return kept.data.decode().splitlines()


def keep_host_keys(paths: HubPaths, signed: Sequence[str]) -> bool:
    """Know the depot by the host keys that the office signed from now on; tell whether they are others.

    Raises:
        OSError: they cannot be written; then the former ones count.
    """
    known = _read_text(paths.host_keys).splitlines()
    if not signed or [line.split()[:2] for line in known] == [line.split()[:2] for line in signed]:
        return False
    data = "".join(f"{line}\n" for line in signed).encode()
    for path in (paths.host_keys, paths.spare / paths.host_keys.name):
        write_durably(path, data)
    return True


def find_authorities(paths: HubPaths) -> Path | None:
    """Return the file with the authorities that vouch for the depot's https server; None: the system's do.

    Raises:
        LocalError: the file may not be read.
    """
    try:
        spare = paths.spare / paths.depot_ca.name
        kept = read_whole(paths.depot_ca, spare, _are_certificates, by_hand=True)
    except OSError as error:
        raise local_error(error, f"reading {paths.depot_ca}") from error
    return None if kept is None and not paths.depot_ca.exists() else paths.depot_ca


def _read_authorities(path: Path) -> bytes:
    data = _read(path)
    if not _are_certificates(data):
        raise UsageError(
            f"{path}: holds no certificate",
            hint="Give the certificate of the authority in PEM, as the office has it.",
        )
    return data


def _are_certificates(data: bytes) -> bool:
    from cryptography import x509  # only here: few hubs have such a file

    try:
        return bool(x509.load_pem_x509_certificates(data))
    except ValueError:
        return False


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def require_key(paths: HubPaths) -> None:
    """Raise LocalError where the private key is lost with its copy: then the office must be asked."""
    if not _is_key(paths.key.read_bytes() if paths.key.is_file() else b""):
        raise LocalError(
            f"{paths.key}: the hub's private key is lost or damaged, and so is its copy in {paths.spare}",
            hint="Only the office can help: make a new folder with `hub init` and the same --hub-id, move "
            "store/ and packs/ of this one there, and ask for `central revoke`, then `central enrol`.",
        )


def read_root(paths: HubPaths) -> bytes:
    """Return the TUF root that this hub came with.

    Raises:
        LocalError: it is lost, and so is its copy.
    """
    try:
        data = paths.root.read_bytes()
    except FileNotFoundError:
        data = b""
    except OSError as error:
        raise local_error(error, f"reading {paths.root}") from error
    if not _is_root(data):
        raise LocalError(
            f"{paths.root}: is lost or damaged, and so is its copy in {paths.spare}",
            hint="Copy hub-root.json of the office there; the hub trusts nothing without it.",
        )
    return data


def _mend_public_key(paths: HubPaths, private: bytes) -> None:
    """Write the public key again where it is not that of the private one."""
    path = paths.key.with_suffix(".pub")
    key = serialization.load_ssh_private_key(private, None).public_key()
    public = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    if not path.is_file() or not path.read_bytes().startswith(public):
        with contextlib.suppress(OSError):  # only people read it
            write_durably(path, public + f" {read_settings(paths).hub_id}\n".encode())


def _is_key(data: bytes) -> bool:
    try:
        serialization.load_ssh_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def require_root(data: bytes) -> None:
    """Raise BadDataError or BadSignatureError unless this is a root that the office made."""
    from content_packs.trust import (
        check_root,
    )  # only here: a start seldom needs it, and it takes a Pi seconds

    check_root(data)


def _is_kept(path: Path, spare: Path) -> bool:
    """Whether a file is as its copy, which was whole when it was made; two cut ones are alike, too."""
    if not (path.is_file() and spare.is_file()):
        return False
    data = path.read_bytes()
    return data == spare.read_bytes() and not looks_cut(data, b"")


def _is_root(data: bytes) -> bool:
    try:
        require_root(data)
    except BadDataError:
        return False
    return True


def _are_host_keys(data: bytes) -> bool:
    lines = [line for line in data.splitlines() if line.strip() and not line.lstrip().startswith(b"#")]
    try:
        data.decode()
        for line in lines:
            serialization.load_ssh_public_key(line.strip())
    except (ValueError, UnsupportedAlgorithm):  # UnicodeDecodeError is a ValueError
        return False
    return bool(lines)


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
        raise UsageError(f"{path}: no such file", hint="Give the path of a file that is here.") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error

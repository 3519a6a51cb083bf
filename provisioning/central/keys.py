"""The office's keys, one PEM file (mode 0600) each, in keys/offline and keys/online.

All sign (ed25519), but `seal` (X25519), which opens what hubs report.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from content_packs.durable import write_durably
from content_packs.errors import LocalError, local_error

ROOT_KEYS = ("root-1", "root-2", "root-3")
OFFLINE_KEYS = (*ROOT_KEYS, "targets", "packs")
ONLINE_KEYS = ("assignments", "snapshot", "timestamp")
SEAL_KEY = "seal"


class KeyRing:
    """The keys below one folder; a file is read when its key is first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signers: dict[str, CryptoSigner] = {}

    def has(self, name: str) -> bool:
        """Tell whether the key is here: offline keys may lie on a stick in a safe."""
        return self._path(name).is_file()

    def require(self, name: str) -> None:
        """Raise LocalError where the key is not here, before anything is changed."""
        if not self.has(name):
            raise LocalError(
                f"the signing key {self._path(name)} is not here",
                hint="Plug in the stick with the offline keys, so that this file is there, and run it again.",
            )

    def signer(self, name: str) -> CryptoSigner:
        """Return what signs with the key of this name.

        Raises:
            LocalError: the key is not here, or its file is damaged.
        """
        if name not in self._signers:
            self.require(name)
            self._signers[name] = _read_signer(self._path(name))
        return self._signers[name]

    def create(self) -> None:
        """Make all keys anew, in folders that only their owner may open."""
        self._folder.mkdir(mode=0o700, parents=True)
        for name in (*OFFLINE_KEYS, *ONLINE_KEYS):
            path = self._path(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, CryptoSigner.generate_ed25519().private_bytes, mode=0o600)
        seal_key = X25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        write_durably(self._path(SEAL_KEY), seal_key, mode=0o600)

    def read_seal_key(self) -> X25519PrivateKey:
        """Return the key that opens what hubs report.

        Raises:
            LocalError: the key is not here, or its file is damaged.
        """
        path = self._path(SEAL_KEY)
        if not path.is_file():
            raise LocalError(
                f"the key {path}, which opens what hubs report, is not here",
                hint="Put it back from the backup of the folder keys; hubs keep their reports until then.",
            )
        key = _read_key(path)
        if not isinstance(key, X25519PrivateKey):
            raise LocalError(
                f"{path}: expected an X25519 key, got {type(key).__name__}", hint="Restore it from a backup."
            )
        return key

    def _path(self, name: str) -> Path:
        return self._folder / ("offline" if name in OFFLINE_KEYS else "online") / f"{name}.pem"


def _read_signer(path: Path) -> CryptoSigner:
    key = _read_key(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise LocalError(
            f"{path}: expected an ed25519 key, got {type(key).__name__}", hint="Restore it from a backup."
        )
    return CryptoSigner(key)


def _read_key(path: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise LocalError(
            f"{path}: not an unencrypted PEM key: {error}", hint="Restore it from a backup."
        ) from error

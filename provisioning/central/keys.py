"""The office's signing keys: ed25519, one PEM file (mode 0600) each, in keys/offline and keys/online."""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from content_packs.durable import write_durably
from content_packs.errors import LocalError, local_error

ROOT_KEYS = ("root-1", "root-2", "root-3")
OFFLINE_KEYS = (*ROOT_KEYS, "targets", "packs")
ONLINE_KEYS = ("assignments", "snapshot", "timestamp")


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

    def _path(self, name: str) -> Path:
        return self._folder / ("offline" if name in OFFLINE_KEYS else "online") / f"{name}.pem"


def _read_signer(path: Path) -> CryptoSigner:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise LocalError(
            f"{path}: not an unencrypted PEM key: {error}", hint="Restore it from a backup."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LocalError(
            f"{path}: expected an ed25519 key, got {type(key).__name__}", hint="Restore it from a backup."
        )
    return CryptoSigner(key)

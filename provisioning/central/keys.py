"""The office's keys, one file (mode 0600) each: in keys/online, and in keys/offline or on sticks.

All sign (ed25519), but `seal` (X25519), which opens what hubs report. A new key lies as NAME.new.pem beside
the one that it follows until hubs know it; which of two counts is said by the signed metadata, not by names.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from securesystemslib.signer import CryptoSigner, SSlibKey

from content_packs.durable import fsync_dir, write_durably
from content_packs.errors import LocalError, local_error
from provisioning.central.keyfile import PrivateKey, encode_key, read_key_file, read_public
from provisioning.central.passphrases import Passphrases

ROOT_KEYS = ("root-1", "root-2", "root-3")
OFFLINE_KEYS = (*ROOT_KEYS, "targets", "packs")
ONLINE_KEYS = ("assignments", "snapshot", "timestamp")
SEAL_KEY = "seal"
_MISSING_SEAL = "Put it back from the backup of the folder keys; hubs keep their reports until then."


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """How one run comes by keys: where else they lie, and their passphrases."""

    folders: tuple[Path, ...] = ()  # such as a stick's
    passphrases: Passphrases = field(default_factory=Passphrases)


class KeyRing:
    """The keys below one folder and in those of `access`; a file is read when its key is first needed.

    With `keep` false no file is written: what is made anew is known to this ring alone.
    """

    def __init__(self, folder: Path, access: KeyAccess | None = None, *, keep: bool = True) -> None:
        self._folder = folder
        self._access = access or KeyAccess()
        self._signers: dict[str, CryptoSigner] = {}
        self._keep = keep

    def find(self, name: str) -> Path | None:
        """Return where a key lies; None: not here, as offline keys on sticks in a safe."""
        names = (f"{name}.pem", _new(name))  # the second alone: a crash while a lost key was replaced
        places = (folder / file for file in names for folder in self._list_folders(name))
        return next((path for path in places if path.is_file()), None)

    def has(self, name: str) -> bool:
        """Tell whether the key is here."""
        return name in self._signers or self.find(name) is not None

    def is_ready(self, name: str) -> bool:
        """Tell whether the key is here and can be used without asking for a passphrase now."""
        if name in self._signers:
            return True
        path = self.find(name)
        return path is not None and self._access.passphrases.can_open(read_key_file(path))

    def require(self, *names: str) -> None:
        """Open keys before anything is changed; see `signer` for errors."""
        for name in names:
            self.signer(name)

    def signer(self, name: str) -> CryptoSigner:
        """Return what signs with the key of this name.

        Raises:
            LocalError: the key is not here, is locked, or its file is damaged.
        """
        if name not in self._signers:
            self._signers[name] = self._read_signer(name, self._require(name))
        return self._signers[name]

    def find_known(self, name: str, keyids: Collection[str]) -> Path | None:
        """Return the file of a key that hubs know by one of `keyids`; None where it is not here.

        After a crash that may be NAME.new.pem.
        """
        path = self.find(name)
        beside = path.with_name(_new(name)) if path is not None else None
        found = (each for each in (path, beside) if each is not None and each.is_file())
        return next((each for each in found if keyid_of(each) in keyids), None)

    def settle(self, name: str, keyids: Collection[str], *, now: datetime) -> CryptoSigner:
        """Return the signer that hubs know by one of `keyids`, and see to it that it has the key's own name.

        Where none is known, it is the one there is.
        """
        path = self.find_known(name, keyids) if name not in self._signers else None
        if path is not None and path.name == _new(name):
            self._signers[name] = self._read_signer(name, path)
            self.adopt(name, now=now)
        return self.signer(name)

    def create(self) -> None:
        """Make all keys anew, in folders that only their owner may open."""
        self._folder.mkdir(mode=0o700, parents=True)
        for name in OFFLINE_KEYS:
            self._create(name, Ed25519PrivateKey.generate(), self._access.passphrases.choose(name))
        for name in ONLINE_KEYS:
            self._create(name, Ed25519PrivateKey.generate())
        self._create(SEAL_KEY, X25519PrivateKey.generate())

    def _create(self, name: str, key: PrivateKey, passphrase: str = "") -> None:
        path = self.home(name) / f"{name}.pem"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, encode_key(key, passphrase), mode=0o600)

    def stage(self, name: str, into: Path | None = None) -> PrivateKey:
        """Make the key that shall follow one, durably, and sign with it from now on.

        It lies beside the one before; where that is lost, in `into`, else where it would be made.
        """
        before = self.find(name)
        folder = into or (before.parent if before is not None else self.home(name))
        key: PrivateKey = X25519PrivateKey.generate() if name == SEAL_KEY else Ed25519PrivateKey.generate()
        if self._keep:
            is_locked = not _is_online(name)
            passphrase = self._access.passphrases.choose(name) if is_locked else ""
            _write(folder / _new(name), encode_key(key, passphrase))
        if isinstance(key, Ed25519PrivateKey):
            self._signers[name] = CryptoSigner(key)
        return key

    def adopt(self, name: str, *, now: datetime) -> None:
        """Give the key that was staged its name; one before it is gone, but of `seal` it is kept.

        What hubs sealed before they heard of the new one needs that.
        """
        if not self._keep:
            return
        for folder in self._list_folders(name):
            beside, path = folder / _new(name), folder / f"{name}.pem"
            if not beside.is_file():
                continue
            try:
                if name == SEAL_KEY and path.is_file():
                    path.rename(_free_name(folder / f"{name}.until-{now:%Y%m%d%H%M%S}.pem"))
                beside.replace(path)
                fsync_dir(folder)
            except OSError as error:
                raise local_error(error, f"giving {beside} its name") from error
            return

    def read_seal_keys(self) -> list[X25519PrivateKey]:
        """Return the keys that open what hubs report: the present one first, then those before.

        Raises:
            LocalError: the key is not here, or a file is damaged.
        """
        folder = self.home(SEAL_KEY)
        present = self.find(SEAL_KEY)
        if present is None:
            raise LocalError(
                f"the key {folder / SEAL_KEY}.pem, which opens what hubs report, is not here",
                hint=_MISSING_SEAL,
            )
        others = sorted(path for path in folder.glob(f"{SEAL_KEY}.*.pem") if path != present)
        return [self._read_seal_key(path) for path in (present, *reversed(others))]

    def read_seal_key(self) -> X25519PrivateKey:
        """Return the present one of `read_seal_keys`."""
        return self.read_seal_keys()[0]

    def lock(self, name: str, passphrase: str, *, keep: bool = True) -> Path:
        """Write a key anew, so that it needs this passphrase; empty: none. Return its file.

        With `keep` false it is only tried.
        """
        path = self._require(name)
        key = self._access.passphrases.open(name, path, read_key_file(path))
        if keep:
            _write(path, encode_key(key, passphrase))
        return path

    def home(self, name: str) -> Path:
        """Return the folder of the installation in which a key belongs."""
        return self._folder / ("online" if _is_online(name) else "offline")

    def list_copies(self, name: str) -> list[Path]:
        """Return every file of a key that can be seen from here."""
        return [path for folder in self._list_folders(name) if (path := folder / f"{name}.pem").is_file()]

    def _list_folders(self, name: str) -> Iterator[Path]:
        yield self.home(name)
        for folder in self._access.folders:
            yield folder
            yield folder / "offline"

    def _require(self, name: str) -> Path:
        path = self.find(name)
        if path is None:
            looked = ", ".join(map(str, self._access.folders))
            also = f", nor in {looked}" if looked else ""
            raise LocalError(
                f"the signing key {self.home(name) / name}.pem is not here{also}",
                hint="Plug in the stick with this key and name its folder: central --key-dir FOLDER …",
            )
        return path

    def _read_signer(self, name: str, path: Path) -> CryptoSigner:
        key = self._access.passphrases.open(name, path, read_key_file(path))
        if not isinstance(key, Ed25519PrivateKey):
            raise LocalError(
                f"{path}: expected an ed25519 key, got {type(key).__name__}", hint="Restore it from a backup."
            )
        return CryptoSigner(key)

    def _read_seal_key(self, path: Path) -> X25519PrivateKey:
        key = self._access.passphrases.open(SEAL_KEY, path, read_key_file(path))
        if not isinstance(key, X25519PrivateKey):
            raise LocalError(
                f"{path}: expected an X25519 key, got {type(key).__name__}", hint="Restore it from a backup."
            )
        return key


def keyid_of(path: Path) -> str:
    """Return by what the signed metadata know the key in a file; no passphrase is needed.

    Raises:
        LocalError: it cannot be read, or is damaged.
    """
    return SSlibKey.from_crypto(read_public(read_key_file(path), path)).keyid


def _free_name(path: Path) -> Path:
    """Return this name, or the next that no file has: what opens reports is never written over."""
    names = (path.with_stem(f"{path.stem}-{number}") if number else path for number in count())
    return next(each for each in names if not each.exists())


def _new(name: str) -> str:
    return f"{name}.new.pem"


def _is_online(name: str) -> bool:
    return name in ONLINE_KEYS or name == SEAL_KEY


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_durably(path, data, mode=0o600)
    except OSError as error:
        raise local_error(error, f"writing {path}") from error

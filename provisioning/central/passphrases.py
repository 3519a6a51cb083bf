"""Passphrases of offline keys: of each key asked once in a run, and only when the key is needed."""

from collections.abc import Callable, Iterable
from pathlib import Path

from content_packs.errors import LocalError, UsageError, local_error
from provisioning.central.keyfile import PrivateKey, WrongPassphraseError, decode_key, is_encrypted

MIN_CHARACTERS = 12
_TRIES = 3
_MAX_FILE_BYTES = 4096
Ask = Callable[[str], str]  # a question → what a person typed; empty: nothing


class Passphrases:
    """What this run knows; `ask` None: there is nobody to ask."""

    def __init__(self, given: Iterable[str] = (), ask: Ask | None = None, *, none: bool = False) -> None:
        self._given = list(given)
        self._ask = ask
        self._is_none = none
        self._opened: dict[bytes, PrivateKey] = {}

    def can_open(self, data: bytes) -> bool:
        """Tell whether this file can be used without asking anybody now."""
        return not is_encrypted(data) or data in self._opened

    def open(self, name: str, path: Path, data: bytes) -> PrivateKey:
        """Return the key in a file.

        Raises:
            LocalError: no passphrase opens it, or nobody can be asked.
        """
        if not is_encrypted(data):
            return decode_key(data, path)
        if data not in self._opened:
            self._opened[data] = self._unlock(name, path, data)
        return self._opened[data]

    def _unlock(self, name: str, path: Path, data: bytes) -> PrivateKey:
        for passphrase in self._given:
            try:
                return decode_key(data, path, passphrase)
            except WrongPassphraseError:
                continue
        if self._ask is None:
            what = "the passphrase given does not open" if self._given else "a passphrase is needed to open"
            raise LocalError(
                f"{what} the key {name} ({path})",
                hint="Run it in a terminal, which asks for it, or say --passphrase-file FILE.",
            )
        for _ in range(_TRIES):
            passphrase = self._ask(f"Passphrase of the key {name} ({path})")
            try:
                key = decode_key(data, path, passphrase)
            except WrongPassphraseError:
                continue
            self._given.append(passphrase)
            return key
        raise LocalError(
            f"this is not the passphrase of the key {name} ({path})",
            hint="Nothing was changed. Ask who keeps this key; if nobody knows it: central keys recover NAME",
        )

    def choose(self, name: str) -> str:
        """Return the passphrase for a new key; empty: none, and the file can be used by whoever has it.

        Raises:
            UsageError: too short, or not typed twice the same.
        """
        if self._is_none or (self._ask is None and not self._given):
            return ""
        if self._ask is None:
            return check_passphrase(self._given[0])
        before = self._given[-1] if self._given else ""
        enter = "the same as before" if before else "none"
        typed = self._ask(f"New passphrase for the key {name} (Enter alone: {enter})")
        if not typed:
            return before
        check_passphrase(typed)
        if self._ask("Once more, the same") != typed:
            raise UsageError(f"the passphrase for {name} was not the same twice", hint="Begin again.")
        self._given.append(typed)
        return typed


def check_passphrase(passphrase: str) -> str:
    """Return a passphrase; UsageError where it is too short to keep a key that somebody stole."""
    if len(passphrase) < MIN_CHARACTERS:
        raise UsageError(
            f"a passphrase of {len(passphrase)} characters, expected at least {MIN_CHARACTERS}",
            hint="Take five words that come to nobody else's mind, and write them on paper.",
        )
    return passphrase


def read_passphrases(path: Path) -> list[str]:
    """Return the passphrases in a file, one a line: each is tried on every key, the first is for new keys.

    Raises:
        UsageError: there is none. LocalError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text", hint="One passphrase a line.") from error
    lines = [line.rstrip("\r") for line in text.split("\n") if line.strip()]
    if not lines:
        raise UsageError(f"{path}: no passphrase in it", hint="One passphrase a line.")
    return lines

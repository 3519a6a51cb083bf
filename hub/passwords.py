"""Passwords: what a new one must be, and argon2id within bounds that a small machine can pay.

The parameters are OWASP's smallest for argon2id (t=2, m=19 MiB, p=1), about 0.1 s on a Raspberry Pi 4. Two
run at once, however many ask: a class that tries passwords must not take the memory that lessons need.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from content_packs.errors import BusyError
from hub.wording import later

MIN_LENGTH = 10  # as hub/school/fields.py has it for the first one
MAX_LENGTH = 200
_FEWEST_DIFFERENT = 4
_AT_ONCE = 2  # of 19 MiB each
_WAITING = 12  # threads of the portal; who comes beyond them is sent away at once
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_running = threading.BoundedSemaphore(_AT_ONCE)
_admitted = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
# Of a password that nobody has: what takes the place of an account that is not there, so that both take
# the same time.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$PABxDy/318Hwde9ozGhCRQ$B2Kz4joBm5V8TNtNnwGnbdsA26T4dxDkXxrxK1lGJJE"


def check_password(text: str, name: str = "") -> str:
    """Return what is wrong with a new password for `name`, as a text to translate; empty: nothing."""
    if len(text) < MIN_LENGTH:
        return later("The password is too short: 10 characters or more are needed.")
    if len(text) > MAX_LENGTH:
        return later("The password is too long: 200 characters are enough.")
    if len(set(text)) < _FEWEST_DIFFERENT:
        return later("The password repeats the same few characters. Choose another.")
    if name and name.casefold() in text.casefold():
        return later("The password must not contain the name. Choose another.")
    return ""


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret.

    Raises:
        BusyError: too many are at it.
    """
    with _turn():
        return _HASHER.hash(_plain(secret))


def is_secret(kept: str | None, secret: str) -> bool:
    """Whether `secret` is what `kept` was made from; takes as long where nothing was kept.

    Raises:
        BusyError: too many are at it.
    """
    with _turn():
        try:
            _HASHER.verify(kept or _NOBODY, _plain(secret[: MAX_LENGTH + 1]))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
        return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether `kept` was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def _plain(secret: str) -> str:
    """One spelling of what looks the same: phones and PCs write ї and й in two ways."""
    return unicodedata.normalize("NFC", secret)


@contextmanager
def _turn() -> Iterator[None]:
    if not _admitted.acquire(blocking=False):
        raise BusyError("checking a password: too many are being checked", hint="Try again in a minute.")
    try:
        with _running:
            yield
    finally:
        _admitted.release()

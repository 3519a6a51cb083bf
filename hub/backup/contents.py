"""What is in a backup, and what is not.

In: settings, keys, trust, accounts, the history of syncs, reports that wait, Kolibri's databases (learners,
progress) with its secret; on a card the last good school config, the label's code and sshd's host keys.
Out: packs and the search index (they come again), sessions, tasks, logs, and the outbox's numbers: a new
stream begins, so that no number is given twice.
"""

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

HUB, CARD = "hub", "card"
_FILES = (
    "hub.toml",
    "kolibri/superuser.json",
    "kolibri/channels.json",
    "kolibri/secret/hub_kolibri.py",
    "label-code",
)
_TREES = ("keys", "trust", "outbox/segments")
_DATABASES = ("hub.db", "accounts.db")
_CARD_FILES = ("school.toml", "label-code")
_CARD_TREES = ("ssh",)
_LEFT_OUT = (
    "keys/session_key",
    "keys/enrol-token",
)  # who finds the stick signs no cookie, and asks for no place
_KOLIBRI_LEFT_OUT = ("job_storage.sqlite3", "sessions.sqlite3")
NAME = re.compile(r"(hub|card)(/[A-Za-z0-9_][A-Za-z0-9._@+-]{0,199}){1,4}")
DATABASE = re.compile(r".*\.(db|sqlite3)")


@dataclass(frozen=True, slots=True)
class Item:
    """One file to keep. `name` is `hub/…` or `card/…`, as it stands in the backup."""

    name: str
    path: Path

    def open(self) -> BufferedReader:
        """Open the file itself: the folder may be another account's, and we may be root.

        Raises:
            OSError: a link stands there, or in the place of one of its folders; or it is no file.
        """
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        is_plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
        if not is_plain or os.readlink(f"/proc/self/fd/{descriptor}") != str(self.path):  # noqa: PTH115
            os.close(descriptor)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path))
        return os.fdopen(descriptor, "rb")

    @property
    def is_database(self) -> bool:
        """Whether SQLite has to copy it: what is on the disk alone may be half of a change."""
        return is_database(self.name)


def is_database(name: str) -> bool:
    """Whether a name in a backup is that of a database."""
    return DATABASE.fullmatch(name) is not None


def list_items(hub_dir: Path, card_dir: Path | None) -> Iterator[Item]:
    """Yield what there is to keep; what is missing is left out, and so are links."""
    yield from _list(HUB, hub_dir, (*_FILES, *_DATABASES, "outbox/journal"), _TREES)
    for path in list_kolibri_databases(hub_dir.resolve() / "kolibri" / "home"):
        yield Item(f"{HUB}/kolibri/home/{path.name}", path)
    if card_dir is not None:
        yield from _list(CARD, card_dir, _CARD_FILES, _CARD_TREES)


def list_kolibri_databases(home: Path) -> Iterator[Path]:
    """Yield the databases of a KOLIBRI_HOME that nobody could make again."""
    for path in sorted(home.glob("*.sqlite3")):
        if path.name not in _KOLIBRI_LEFT_OUT and _is_plain(path):
            yield path


def _list(prefix: str, folder: Path, files: tuple[str, ...], trees: tuple[str, ...]) -> Iterator[Item]:
    folder = folder.resolve()
    found = [folder / name for name in files]
    for tree in trees:
        found += sorted((folder / tree).glob("*"))
    for path in found:
        name = f"{prefix}/{path.relative_to(folder)}"
        if _is_plain(path) and NAME.fullmatch(name) and str(path.relative_to(folder)) not in _LEFT_OUT:
            yield Item(name, path)


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()


def may_restore(name: str, *, to_card: bool) -> bool:
    """Whether a name of a backup is one that `list_items` could have given; nothing else is ever written."""
    if not NAME.fullmatch(name) or "/." in name:
        return False
    prefix, _, rest = name.partition("/")
    files = _CARD_FILES if prefix == CARD else (*_FILES, *_DATABASES, "outbox/journal")
    trees = _CARD_TREES if prefix == CARD else (*_TREES, "kolibri/home")
    if prefix == CARD and not to_card:
        return False
    folder, _, last = rest.rpartition("/")
    if folder == "kolibri/home":
        return last.endswith(".sqlite3") and last not in _KOLIBRI_LEFT_OUT
    return rest not in _LEFT_OUT and (rest in files or folder in trees)

"""Read a database of the hub from another account: root, who watches the network, or Kolibri's."""

import sqlite3
from pathlib import Path

_BUSY_TIMEOUT_S = 10.0


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a database that the account of the portal writes; makes no file beside it.

    SQLite would make a missing -shm and -wal, of whoever opens first, and the portal could not write those.

    Raises:
        sqlite3.Error: it is not there, or nothing can be read from it now.
    """
    beside = [path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm")]
    for each in (path, *beside):
        if each.exists() and not each.is_file():  # SQLite would open a pipe, and wait for ever
            raise sqlite3.OperationalError(f"{each} is no file")
    # Without a -wal nobody has it open, and nothing changes it.
    how = "readonly_shm=1" if beside[0].exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True, timeout=_BUSY_TIMEOUT_S)

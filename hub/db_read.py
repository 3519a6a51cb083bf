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
    # Without a -wal nobody has it open, and nothing changes it.
    how = "readonly_shm=1" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True, timeout=_BUSY_TIMEOUT_S)

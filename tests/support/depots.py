"""Small depots made of files, and transports to them, for tests of what lies above."""

from collections.abc import Sequence
from pathlib import Path

from content_packs.transports import open_transport
from content_packs.transports.transport import Transport
from support.sshd import Sshd, make_client_key


def write_files(depot: Path, files: dict[str, bytes]) -> Path:
    """Write `files` (path → content) below `depot`; return it."""
    for path, content in files.items():
        target = depot / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return depot


class HubAccess:
    """One hub's key, let in by one sshd."""

    def __init__(self, sshd: Sshd, key_path: Path) -> None:
        self.sshd = sshd
        self.key_path = key_path
        if not key_path.exists():
            sshd.authorize(make_client_key(key_path))

    def connect(
        self,
        *,
        port: int | None = None,
        host_keys: Sequence[str] | None = None,
        connect_timeout_s: float = 10.0,
        step_timeout_s: float = 10.0,
        path: str = "",
    ) -> Transport:
        """Open the sshd's depot; `port` is that of a relay in front."""
        return open_transport(
            self.sshd.url(path, port=port),
            key_path=self.key_path,
            host_keys=self.sshd.host_keys if host_keys is None else host_keys,
            connect_timeout_s=connect_timeout_s,
            step_timeout_s=step_timeout_s,
        )

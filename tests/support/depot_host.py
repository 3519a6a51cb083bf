"""A depot's host on this machine: its own /etc, /var/lib and processes, the loopback of all. Needs root.

All that `central sshd-config --apply` does is real: accounts, mounts, sshd. It ends with the namespaces.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from content_packs.transports import open_transport
from content_packs.transports.transport import Transport
from provisioning.central.sshd.names import UIDS
from support.netns import run
from support.ports import free_port
from support.road import must
from support.sshd import make_client_key

CENTRAL = Path(sys.executable).with_name("central")
START = Path("/etc/hub-sshd/start")
_PARTS = 100  # of the numbers for hubs' accounts, of which one host takes one
# Children that nobody waits for vanish: they would count against what an account may run. dash cannot ignore
# SIGCHLD. Overlays take all that is written.
_HOLD = """
set -e
for place in etc var/lib run root; do
    mkdir -p "$0/$place/upper" "$0/$place/work"
    mount -t overlay -o "lowerdir=/$place,upperdir=$0/$place/upper,workdir=$0/$place/work" overlay "/$place"
done
mkdir -p /run/sshd
# The kernel counts an account's processes over all namespaces: hosts of other tests have other numbers.
seq "$1" "$2" | sed 's|.*|taken-&:x:&:65534::/:/usr/sbin/nologin|' >>/etc/passwd
chmod 0711 /root  # Python may live there, and the office's account runs it
echo ready
exec env --ignore-signal=CHLD sleep infinity
"""


class DepotHost:
    """`with DepotHost(tmp_path) as host:` has an office in `host.office`, and nothing set up yet."""

    def __init__(self, folder: Path, *, office: Path | None = None, is_founded: bool = True) -> None:
        self.folder = folder
        self.office = office or folder / "central"
        self._is_founded = is_founded  # False: whoever uses it makes the office
        self.keys: dict[str, Path] = {}  # of hubs, for who needs them again
        self.port = free_port()
        self._holder: subprocess.Popen[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def __enter__(self) -> Self:
        taken = (UIDS[0], UIDS[0] + self.port % _PARTS * ((UIDS[1] - UIDS[0]) // _PARTS) - 1)
        command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
        self._holder = subprocess.Popen(
            [*command, "sh", "-c", _HOLD, str(self.folder / "machine"), *map(str, taken)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "ready\n"
        children = Path(f"/proc/{self._holder.pid}/task/{self._holder.pid}/children").read_text().split()
        self._pid = int(children[0])
        if self._is_founded:
            self.central("init", self.office, with_dir=False)
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._holder is not None
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)  # the first process of its own: all others go with it
        self._holder.wait()
        if self._holder.stdout is not None:
            self._holder.stdout.close()
        if self._server is not None:
            self._server.wait()

    def run(self, *command: object, check: bool = True) -> str:
        """Run a command on this machine."""
        return run(*self.inside, *map(str, command), check=check)

    @property
    def inside(self) -> list[str]:
        """What comes before a command that runs on this machine."""
        return ["nsenter", "--target", str(self._pid), "--mount", "--pid", "--"]

    def central(self, *words: object, code: int = 0, with_dir: bool = True) -> Any:
        """Run `central` there and return its JSON."""
        where = ["--dir", str(self.office)] if with_dir else []
        command = [*self.inside, str(CENTRAL), *where, *map(str, words), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout else done.stderr

    def apply(self, *words: object, code: int = 0) -> Any:
        """Set the machine up, without a disk for inboxes unless said."""
        return self.central("sshd-config", "--apply", *words, code=code)

    @property
    def is_running(self) -> bool:
        """Whether its SSH server was started."""
        return self._server is not None

    def start(self) -> None:
        """Run the server, as its service would; one that was told to end is waited for."""
        if self._server is not None:
            self._server.wait(timeout=30)
        log = (self.folder / "sshd.log").open("ab")
        with log:
            self._server = subprocess.Popen([*self.inside, str(START)], stderr=log, stdin=subprocess.DEVNULL)
        self.wait_for_server()

    def wait_for_server(self) -> None:
        """Wait until it takes connections."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            assert self._server is None or self._server.poll() is None, self.log
            time.sleep(0.02)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """What sshd said so far."""
        return (self.folder / "sshd.log").read_text(errors="replace")

    def make_key(self, path: Path) -> str:
        """Make a hub's key; return the public line."""
        return make_client_key(path)

    def enrol(self, hub_id: str) -> Path:
        """Enrol a hub; return its private key."""
        key = self.folder / "hubs" / hub_id
        public = make_client_key(key)
        key.with_suffix(".pub").write_text(public)
        self.central("enrol", hub_id, key.with_suffix(".pub"), "--school", f"Школа {hub_id}")
        return key

    def add_hub(self, hub_id: str) -> Path:
        """Make a hub and enrol it; return its folder."""
        folder, host_keys = self.folder / hub_id, self.folder / "host-keys.pub"
        host_keys.write_text("\n".join(self.host_keys()) + "\n")
        must(
            *("hub", "init", folder, "--root", self.office / "hub-root.json", "--depot", self.url(hub_id)),
            *("--host-key", host_keys, "--hub-id", hub_id),
        )
        key = folder / "keys/id_ed25519.pub"
        self.central("enrol", hub_id, key, "--school", f"Школа {hub_id}")
        return folder

    def url(self, hub_id: str) -> str:
        """Return where a hub finds the depot."""
        return f"sftp://hub-{hub_id}@127.0.0.1:{self.port}/"

    def host_keys(self) -> list[str]:
        """Return the public host keys, the present one first."""
        return self.run("sh", "-c", "cat /etc/hub-sshd/host-keys/*.pub").splitlines()

    def connect(self, hub_id: str, key: Path, *, step_timeout_s: float = 60) -> Transport:
        """Connect as a hub does."""
        return open_transport(
            self.url(hub_id),
            key_path=key,
            host_keys=self.host_keys(),
            connect_timeout_s=60,
            step_timeout_s=step_timeout_s,
        )

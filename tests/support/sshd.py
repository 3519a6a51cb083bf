"""A real OpenSSH sshd on a loopback port, with its own keys and accounts file; needs no root."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.ports import free_port

HOST_KEY_TYPES = ("ed25519", "rsa")
START_S = 10.0
# A hub leaves new files in its inbox and gives them names, and nothing else.
DENIED = "remove,rmdir,rename,hardlink,symlink,setstat,fsetstat,lsetstat,copy-data"


def make_client_key(path: Path) -> str:
    """Write a new ed25519 private key in OpenSSH's format, mode 0600; return its public line."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(private)
    path.chmod(0o600)
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return public.decode()


class Sshd:
    """`with Sshd(tmp_path / "sshd", depot) as sshd:` serves `depot` over SFTP, as the office's sshd does."""

    def __init__(
        self,
        folder: Path,
        depot: Path,
        *,
        options: tuple[str, ...] = (),
        read_only: bool = False,
        port: int | None = None,
    ) -> None:
        self.depot = depot.absolute()
        self.port = port or free_port()
        self._folder = folder.absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._options = options
        self._sftp = f"internal-sftp -d {self.depot} " + ("-R" if read_only else f"-P {DENIED}")
        self._process: subprocess.Popen[bytes] | None = None
        self._authorized_keys.touch()
        if not self._host_key(HOST_KEY_TYPES[0]).exists():
            self._make_host_keys()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def user(self) -> str:
        """The account: whoever runs the tests."""
        return getpass.getuser()

    @property
    def host_keys(self) -> list[str]:
        """The public host keys, as `open_transport` takes them."""
        return [self._host_key(kind).with_suffix(".pub").read_text() for kind in HOST_KEY_TYPES]

    @property
    def log(self) -> str:
        """What sshd said so far."""
        return (self._folder / "log").read_text(errors="replace")

    def url(self, path: str = "", *, port: int | None = None) -> str:
        """The URL of the depot, or of what lies below it; `port` is that of a relay in front."""
        where = self.depot / path if path else self.depot
        return f"sftp://{self.user}@127.0.0.1:{port or self.port}{where}"

    def authorize(self, public_key: str) -> None:
        """Let one more key in."""
        with self._authorized_keys.open("a") as file:
            file.write(f"restrict {public_key.strip()}\n")

    def start(self) -> None:
        """Start it and wait until it answers."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's privilege separation wants it
        config = self._folder / "sshd_config"
        config.write_text("\n".join(self._config()) + "\n")
        with (self._folder / "log").open("ab") as log:
            command = [*self._launcher(), _sshd(), "-D", "-e", "-f", str(config)]
            self._process = subprocess.Popen(
                command, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        self._wait_until_ready()

    def stop(self) -> None:
        """End it, and with it every session."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self, *, new_host_keys: bool = False) -> None:
        """Stop and start on the same port, with other host keys if asked."""
        self.stop()
        if new_host_keys:
            self._make_host_keys()
        self.start()

    def _launcher(self) -> list[str]:
        """Return what starts it; a subclass may give it other surroundings."""
        return []

    @property
    def _authorized_keys(self) -> Path:
        return self._folder / "authorized_keys"

    def _host_key(self, kind: str) -> Path:
        return self._folder / f"ssh_host_{kind}_key"

    def _make_host_keys(self) -> None:
        for kind in HOST_KEY_TYPES:
            path = self._host_key(kind)
            path.unlink(missing_ok=True)
            bits = ["-b", "2048"] if kind == "rsa" else []
            command = ["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "test", "-f", str(path)]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    def _config(self) -> list[str]:
        lines = [
            "ListenAddress 127.0.0.1",
            f"Port {self.port}",
            *(f"HostKey {self._host_key(kind)}" for kind in HOST_KEY_TYPES),
            "PidFile none",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin prohibit-password",
            "AuthenticationMethods publickey",
            "DisableForwarding yes",
            "PermitTTY no",
            "Subsystem sftp internal-sftp",
            *self._options,
        ]
        if not any(line.startswith("AuthorizedKeysFile") for line in lines):
            lines.append(f"AuthorizedKeysFile {self._authorized_keys}")
        if not any(line.startswith("ForceCommand") for line in lines):
            lines.append(f"ForceCommand {self._sftp}")
        if _knows("PerSourcePenalties"):  # OpenSSH 9.8: tests of refused keys would lock all others out
            lines.append("PerSourcePenalties no")
        return lines

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise AssertionError(f"sshd did not start:\n{self.log}")


def _sshd() -> str:
    path = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert path, "sshd is missing: apt-get install openssh-server"
    return path


@cache
def _knows(option: str) -> bool:
    test = [_sshd(), "-T", "-f", "/dev/null", "-o", f"{option}=no", "-h", "/dev/null"]
    return "Bad configuration option" not in subprocess.run(test, capture_output=True, text=True).stderr

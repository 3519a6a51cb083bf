"""Web servers on loopback ports: a real nginx with TLS by a made-up authority, and servers that misbehave."""

import contextlib
import datetime
import ipaddress
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from support.ports import free_port

START_S = 10.0
_NGINX = """daemon off; master_process off;
pid {folder}/nginx.pid;
error_log {folder}/log warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access; sendfile on; keepalive_requests {keepalive_requests};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  types {{ application/octet-stream zst json; }}
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:1m;
    root {root};
    {options}
  }}
}}
"""


class Authority:
    """A certificate authority of the tests' own; its public half lies at `path`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Громада {secrets.token_hex(4)}")])
        certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), [])
        self.path.write_bytes(certificate)

    def issue(self, folder: Path, *, host: str = "127.0.0.1", years_off: int = 0) -> None:
        """Write server.pem and server.key, valid `years_off` from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            name = x509.DNSName(host)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        pem = self._sign(
            subject, key, x509.BasicConstraints(ca=False, path_length=None), [name], years_off=years_off
        )
        (folder / "server.pem").write_bytes(pem)
        (folder / "server.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        constraints: x509.BasicConstraints,
        names: list[x509.GeneralName],
        *,
        years_off: int = 0,
    ) -> bytes:
        middle = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=366 * years_off)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(middle - datetime.timedelta(days=30))
            .not_valid_after(middle + datetime.timedelta(days=30))
            .add_extension(constraints, critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Nginx:
    """`with Nginx(tmp_path / "nginx", depot) as nginx:` serves `depot` at `nginx.url()`."""

    def __init__(
        self,
        folder: Path,
        root: Path,
        *,
        options: str = "",
        keepalive_requests: int = 1000,
        host: str = "127.0.0.1",
        years_off: int = 0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.authority = Authority(folder / "authority")
        self.authority.issue(folder, host=host, years_off=years_off)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "nginx.conf").write_text(
            _NGINX.format(
                folder=folder,
                root=root,
                port=self.port,
                options=options,
                keepalive_requests=keepalive_requests,
            )
        )

    def url(self, *, port: int | None = None, path: str = "") -> str:
        """The URL of the depot; `port` is that of a relay in front."""
        return f"https://127.0.0.1:{port or self.port}{path}"

    @property
    def requests(self) -> list[str]:
        """The lines of its access log."""
        return (self._folder / "access").read_text().splitlines()

    def __enter__(self) -> Self:
        for folder in (self._folder, *self._folder.parents[:3]):
            with contextlib.suppress(OSError):
                folder.chmod(0o755)  # its worker is another account where we are root
        program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        assert program, "nginx is missing: apt-get install nginx-light"
        command = [program, "-p", str(self._folder), "-c", str(self._folder / "nginx.conf")]
        command += ["-e", str(self._folder / "log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._wait_until_ready()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.02)
        raise AssertionError(f"nginx did not start:\n{(self._folder / 'log').read_text()}")


Say = Callable[[str, dict[str, str]], bytes | Iterator[bytes] | None]


class Saying:
    """A TLS server of a few lines that answers each request with what `say(target, headers)` returns.

    None ends the connection, an iterator sends piece by piece. Headers have lower-case names.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.authority = Authority(folder / "authority")
        self.authority.issue(folder)
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.connections = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._say = say
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)

    def _spawn(self, target: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=target, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._spawn(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError), sock, self._context.wrap_socket(sock, server_side=True) as tls:
            self._open.append(tls)
            for target, headers in _requests(tls):
                self.asked.append((target, headers))
                said = self._say(target, headers)
                if said is None:
                    return
                for piece in [said] if isinstance(said, bytes) else said:
                    tls.sendall(piece)
                if isinstance(said, bytes) and b"connection: close" in said[:500].lower():
                    return


def _requests(sock: socket.socket) -> Iterator[tuple[str, dict[str, str]]]:
    with sock.makefile("rb") as incoming:
        while line := incoming.readline():
            headers = {}
            while (field := incoming.readline()) not in (b"\r\n", b""):
                name, _, value = field.decode().partition(":")
                headers[name.lower()] = value.strip()
            yield line.decode().split()[1], headers


def answer(status: str, body: bytes = b"", **headers: str) -> bytes:
    """An answer as it goes over the wire; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status}"]
    fields = {"Content_Length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([*lines, "", ""]).encode() + body

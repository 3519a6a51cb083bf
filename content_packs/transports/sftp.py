"""A depot on an OpenSSH server, through paramiko: one connection, one channel, a timeout on every step.

paramiko only carries bytes here: its SFTP client waits for each answer and its keepalive never notices a
dead peer. The conversation itself is session.py and pipeline.py. The only module that imports paramiko.
"""

import contextlib
import logging
import socket
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, cast

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import cMSG_CHANNEL_REQUEST
from paramiko.packet import Packetizer

from content_packs.errors import (
    DepotBusyError,
    HostKeyChangedError,
    HubKeyRefusedError,
    IdentityError,
    LinkDownError,
    LinkTimeoutError,
    LocalError,
    UsageError,
    local_error,
)
from content_packs.transports import pipeline, upload
from content_packs.transports.address import SftpAddress
from content_packs.transports.host_keys import HostKey, algorithms, fingerprint, parse_host_keys
from content_packs.transports.session import Session
from content_packs.transports.tcp import Meter, connect, limit_unanswered
from content_packs.transports.transport import Range

# One of each family, the cheapest first: the offer is sent as text in every session. The key exchange with
# ML-KEM is left out: it adds 2.3 KB to a session whose content any enrolled school may read.
KEX = ("curve25519-sha256@libssh.org", "ecdh-sha2-nistp256")
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr")
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-256")

REFUSALS = (paramiko.SSHException, EOFError, OSError)  # how paramiko says no

CLOSE_S = 2.0  # paramiko's thread looks for the end ten times a second
_RECEIVE_BYTES = 1024 * 1024
_PACKET_BYTES = 128 * 1024  # per SSH packet; OpenSSH would send 32 KiB ones, four times the work for us
# OpenSSH takes what follows the request for SFTP at once, though it grants room for it (a window) only in its
# answer: session.c sets the window up before it reads on. Enough for the first requests; a round trip less.
_LENT_BYTES = 1024
_LENDING = "OpenSSH"
_BUSY = ("maxstartups", "not allowed at this time")  # sshd.c: sent as plain text instead of a greeting
_TRY_LATER = "Run `hub sync` again later; what was fetched is kept. If it lasts for days, ask the office."
_ASK_HOST_KEY = (
    "Ask the office to confirm the depot's new host key before you trust it; a stick of the office "
    "(`hub sync --from`) brings it signed."
)

# paramiko logs failures with tracebacks that our errors already tell in words.
logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)


def open_sftp(
    address: SftpAddress,
    *,
    key_path: Path | None,
    host_keys: Sequence[str],
    connect_timeout_s: float,
    step_timeout_s: float,
) -> "SftpTransport":
    """Connect, sign in and start SFTP; errors as `open_transport`."""
    link = open_ssh(
        address,
        key_path=key_path,
        host_keys=host_keys,
        connect_timeout_s=connect_timeout_s,
        step_timeout_s=step_timeout_s,
    )
    try:
        link.start_sftp()
    except BaseException:
        link.close()
        raise
    return SftpTransport(address, link)


def open_ssh(
    address: SftpAddress,
    *,
    key_path: Path | None,
    host_keys: Sequence[str],
    connect_timeout_s: float,
    step_timeout_s: float,
) -> "Link":
    """Connect and sign in; errors as `open_transport`."""
    pinned = parse_host_keys(host_keys)
    key = _load_key(key_path)
    link = Link(
        address,
        connect(address.host, address.port, timeout_s=connect_timeout_s),
        pinned,
        connect_timeout_s,
        step_timeout_s,
    )
    try:
        link.shake_hands(pinned)
        link.sign_in(key)
    except BaseException:
        link.close()
        raise
    return link


def ask_channel(ssh: Any, channel: Any, kind: str, *texts: str) -> None:  # noqa: ANN401 - paramiko's
    """Make a request of a channel; its answer is awaited elsewhere. paramiko's own calls wait for ever."""
    request = paramiko.Message()
    request.add_byte(cMSG_CHANNEL_REQUEST)
    request.add_int(channel.remote_chanid)
    request.add_string(kind)
    request.add_boolean(True)  # with an answer: on a refusal paramiko closes the channel
    for text in texts:
        request.add_string(text)
    channel._event_pending()
    ssh._send_user_message(request)


class SftpTransport:
    """Reads a depot over one SFTP session, and writes a hub's inbox there."""

    def __init__(self, address: SftpAddress, link: "Link") -> None:
        self._address = address
        self._link = link
        self._session = Session(link)

    @property
    def url(self) -> str:
        """The depot's URL."""
        return self._address.url

    @property
    def session(self) -> Session:
        """The conversation, for who asks what a sync does not."""
        return self._session

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """See Transport."""
        return pipeline.read_files(self._session, paths, root=self._address.root, max_bytes=max_bytes)

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """See Transport."""
        return pipeline.read_ranges(self._session, ranges, root=self._address.root)

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """See Transport."""
        upload.write_files(self._session, folder, files, root=self._address.root)

    @property
    def received_bytes(self) -> int:
        """See Transport."""
        return self._link.meter.received_bytes

    @property
    def sent_bytes(self) -> int:
        """See Transport."""
        return self._link.meter.sent_bytes

    def close(self) -> None:
        """See Transport."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class _GreetingPacketizer(Packetizer):
    """Keeps the lines before the key exchange: sshd says there why it refuses."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.lines: list[str] = []

    def readline(self, timeout: float) -> str:
        line = str(super().readline(timeout))
        self.lines.append(line)
        return line


class _Ssh(paramiko.Transport):
    """An SSH connection that keeps the server's last words."""

    farewell = ""

    def _parse_disconnect(self, m: Any) -> None:  # noqa: ANN401 - paramiko's Message
        m.get_int()
        self.farewell = m.get_text()


class _EagerSignIn(AuthHandler):
    """Sends the sign-in with the request for that service, not after the answer to it: a round trip less."""

    def _request_auth(self) -> None:
        own: Any = super()  # its stubs do not tell these two
        own._request_auth()
        granted = paramiko.Message()
        granted.add_string("ssh-userauth")
        granted.rewind()
        own._parse_service_accept(granted)

    def _parse_service_accept(self, m: Any) -> None:  # noqa: ANN401 - paramiko's Message
        """What the answer would set off has been sent; a refusal is a disconnect."""


class Link:
    """One SSH connection and its SFTP channel; closed hard at the first failure, and closing never waits."""

    def __init__(
        self,
        address: SftpAddress,
        sock: socket.socket,
        pinned: Sequence[HostKey],
        connect_timeout_s: float,
        step_timeout_s: float,
    ) -> None:
        self._where = f"{address.host}:{address.port}"
        self._user = address.user
        self._connect_timeout_s = connect_timeout_s
        self._step_timeout_s = step_timeout_s
        self._sock = sock
        self._channel: Any = None
        self._lent_bytes = 0
        self.meter = Meter(sock)
        limit_unanswered(sock, step_timeout_s)
        self._ssh = _Ssh(sock, packetizer_class=_GreetingPacketizer)
        self._greeting = cast(_GreetingPacketizer, self._ssh.packetizer)
        self._ssh.banner_timeout = connect_timeout_s + CLOSE_S  # ours comes first
        self._ssh.handshake_timeout = connect_timeout_s + CLOSE_S
        self._ssh.clear_to_send_timeout = step_timeout_s  # a new key exchange in mid-session
        _offer_little(self._ssh, pinned)

    @property
    def ssh(self) -> paramiko.Transport:
        """Paramiko's side of it."""
        return self._ssh

    def shake_hands(self, pinned: Sequence[HostKey]) -> None:
        """Exchange keys and compare the host's with the pinned ones."""
        done = threading.Event()
        self._ssh.start_client(event=done)
        if not done.wait(self._connect_timeout_s):
            step = "key exchange" if self._greeting.lines else "greeting"
            raise self._too_slow(f"no {step} from {self._where}", self._connect_timeout_s)
        if not self._ssh.is_active():
            raise self._refused_before_keys()
        with self._translated("host key"):
            shown = self._ssh.get_remote_server_key()
        if shown.asbytes() not in {key.blob for key in pinned}:
            expected = ", ".join(fingerprint(key.blob) for key in pinned)
            raise HostKeyChangedError(
                f"{self._where} shows host key {fingerprint(shown.asbytes())}; expected {expected}",
                hint=_ASK_HOST_KEY,
            )

    def sign_in(self, key: paramiko.PKey) -> None:
        """Prove who this hub is."""
        done = threading.Event()
        # An RSA key signs as sshd says that it likes it, which has to be awaited; the hub's is ed25519.
        eager = key.get_name() == "ssh-ed25519"
        self._ssh.auth_handler = (_EagerSignIn if eager else AuthHandler)(self._ssh)
        with self._translated("sign-in"):
            self._ssh.auth_handler.auth_publickey(self._user, key, done)
        if not done.wait(self._connect_timeout_s):
            raise self._too_slow(f"no answer to the sign-in from {self._where}", self._connect_timeout_s)
        if self._ssh.is_authenticated():
            return
        if self._ssh.is_active() or self._ssh.farewell:  # it says no, or "too many failures" and leaves
            raise HubKeyRefusedError(
                f"{self._where} does not accept the key {key.fingerprint} for the account {self._user!r}",
                hint="Ask the office to enrol this hub, or to approve its new key.",
            )
        raise self._cut()

    def start_sftp(self) -> None:
        """Open the channel; the answer to the SFTP request is read with the first data, a round trip less."""
        try:
            with self._translated("opening a channel"):
                self._channel = self._ssh.open_session(
                    max_packet_size=_PACKET_BYTES, timeout=self._connect_timeout_s
                )
        except paramiko.ChannelException as error:
            raise self._no_sftp() from error
        self._channel.settimeout(self._step_timeout_s)
        with self._translated("asking for SFTP"):
            ask_channel(self._ssh, self._channel, "subsystem", "sftp")
        if not self._channel.out_window_size and _LENDING in self._ssh.remote_version:
            self._lent_bytes = _LENT_BYTES
            self._channel.out_window_size += _LENT_BYTES

    def send(self, data: bytes) -> None:
        """See session.Channel."""
        with self._translated("sending a request"):
            self._channel.sendall(data)

    def receive(self) -> bytes:
        """See session.Channel."""
        with self._translated("waiting for data"):
            data: bytes = self._channel.recv(_RECEIVE_BYTES)
        if not data:
            raise self._ended()
        if self._lent_bytes:  # with the first answer the room that sshd grants is there
            with self._channel.lock:
                self._channel.out_window_size -= self._lent_bytes
            self._lent_bytes = 0
        return data

    def close(self) -> None:
        """End the connection and paramiko's threads; never waits for the other side."""
        with contextlib.suppress(OSError):  # the other side was first
            self._sock.shutdown(socket.SHUT_RDWR)
        self._ssh.close()
        self._sock.close()
        self.meter.close()
        if self._ssh.ident is not None:
            self._ssh.join(CLOSE_S)
        self._ssh.packetizer.complete_handshake()  # stops a timer thread that would outlive us

    @contextlib.contextmanager
    def _translated(self, step: str) -> Iterator[None]:
        """Turn paramiko's errors into ours; after any of them the connection is closed."""
        try:
            yield
        except TimeoutError as error:
            raise self._too_slow(f"{self._where}: {step}: silence", self._step_timeout_s) from error
        except paramiko.ChannelException:
            raise
        except (OSError, EOFError, paramiko.SSHException) as error:
            if self._ssh.is_active() and isinstance(error, paramiko.SSHException):  # paramiko's own timeouts
                raise self._too_slow(f"{self._where}: {step}: {error}", self._connect_timeout_s) from error
            raise self._cut() from error

    def _too_slow(self, what: str, timeout_s: float) -> LinkTimeoutError:
        self.close()
        return LinkTimeoutError(f"{what} within {timeout_s:g} s", hint=_TRY_LATER)

    def _cut(self) -> LinkDownError:
        reason = self._ssh.farewell or self._ssh.get_exception() or "connection closed"
        self.close()
        return LinkDownError(f"the connection to {self._where} was cut: {reason}", hint=_TRY_LATER)

    def _ended(self) -> DepotBusyError | LinkDownError:
        self._ssh.join(CLOSE_S / 2)  # on a cut the channel ends just before the connection
        if self._ssh.is_active():
            return self._no_sftp()
        return self._cut()

    def _no_sftp(self) -> DepotBusyError:
        self.close()
        return DepotBusyError(
            f"{self._where} accepts the account {self._user!r} but gives it no SFTP now",
            hint="If it lasts, ask the office to check that its sshd runs `ForceCommand internal-sftp`.",
        )

    def _refused_before_keys(self) -> LinkDownError | DepotBusyError | IdentityError:
        said = " ".join(line.strip() for line in self._greeting.lines if not line.startswith("SSH-"))
        if any(words in said.lower() for words in _BUSY):
            return DepotBusyError(f"{self._where} refuses for now: {said}", hint=_TRY_LATER)
        error = self._ssh.saved_exception
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            if "host key" in str(error):
                offered = ", ".join(self._ssh.get_security_options().key_types)
                return HostKeyChangedError(
                    f"{self._where} has no host key of a pinned type ({offered})", hint=_ASK_HOST_KEY
                )
            return IdentityError(
                f"{self._where}: {error}",
                hint=f"Ask the office to allow {KEX[0]} and {CIPHERS[0]} in its sshd.",
            )
        return self._cut()


def _offer_little(ssh: paramiko.Transport, pinned: Sequence[HostKey]) -> None:
    options = ssh.get_security_options()
    options.kex = KEX
    options.ciphers = CIPHERS
    options.digests = MACS
    options.key_types = algorithms(pinned)


def _load_key(path: Path | None) -> paramiko.PKey:
    if path is None:
        raise UsageError(
            "no private key for the depot is given", hint="`hub init` makes one; name it by key_path."
        )
    hint = "`hub init` makes one; then ask the office to enrol its public half."
    try:
        too_open = path.stat().st_mode & 0o077
        key = paramiko.PKey.from_path(path)
    except FileNotFoundError as error:
        raise LocalError(f"{path}: the hub's private key is missing", hint=hint) from error
    except OSError as error:
        raise local_error(error, "reading the hub's private key") from error
    except paramiko.PasswordRequiredException as error:
        raise UsageError(
            f"{path}: the key wants a passphrase, and nobody is here to type it", hint=hint
        ) from error
    except (paramiko.SSHException, ValueError, TypeError) as error:
        raise UsageError(f"{path}: not a private SSH key", hint=hint) from error
    if too_open:
        raise LocalError(f"{path}: other accounts may read this private key", hint=f"Run: chmod 600 {path}")
    return key

"""What an intruder with a hub's key would try, each attempt really made; see doctor.py for what it is for."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from content_packs.errors import Error
from content_packs.transports import wire
from content_packs.transports.sftp import REFUSALS, Link, SftpTransport, ask_channel

_SETSTAT, _OPENDIR, _REMOVE, _MKDIR, _RMDIR, _RENAME, _READLINK, _SYMLINK = 9, 11, 13, 14, 15, 18, 19, 20
_EXTENDED = 200
_NO_ATTRIBUTES = bytes(4)
_MODE_777 = (4).to_bytes(4, "big") + (0o777).to_bytes(4, "big")
INTRUDER = "intruder"  # a file that is made where none may be
_SAID = "intruder-was-here"  # what a program that ran would print
_WAIT_S = 15.0

Packet = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Ground:
    """Where it is tried: paths as the account sees them."""

    own: str  # a file of this hub's own inbox
    own_inbox: str
    other_inbox: str
    other_file: str  # in it
    other_acks: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing to try, as a person says it; `succeeded` of `make` says that the server let it happen."""

    what: str
    packet: Callable[[Ground], Packet]


def _ask(kind: int, *names: str, tail: bytes = b"") -> Packet:
    return lambda request_id: wire.other(request_id, kind, *names, tail=tail)


def _write(path: str) -> Packet:
    return lambda request_id: wire.open_for_writing(request_id, path, truncate=False)


def _read(path: str) -> Packet:
    return lambda request_id: wire.open_file(request_id, path)


SFTP_ATTEMPTS = (
    Attempt("list the hubs that there are", lambda at: _ask(_OPENDIR, "/inbox")),
    Attempt("list the depot", lambda at: _ask(_OPENDIR, "/")),
    Attempt("list another hub's inbox", lambda at: _ask(_OPENDIR, at.other_inbox)),
    Attempt("read another hub's report", lambda at: _read(at.other_file)),
    Attempt("see whether another hub's report is there", lambda at: lambda n: wire.stat(n, at.other_file)),
    Attempt("read another hub's acks", lambda at: _read(at.other_acks)),
    Attempt("write over another hub's report", lambda at: _write(at.other_file)),
    Attempt("write into another hub's inbox", lambda at: _write(f"{at.other_inbox}/{INTRUDER}")),
    Attempt(
        "move a file into another hub's inbox",
        lambda at: lambda n: wire.rename(n, at.own, f"{at.other_inbox}/{INTRUDER}"),
    ),
    Attempt("write into the signed metadata", lambda at: _write("/tuf/timestamp.json")),
    Attempt("write into the packs", lambda at: _write(f"/packs/{INTRUDER}")),
    Attempt("write beside the depot's folders", lambda at: _write(f"/{INTRUDER}")),
    Attempt(
        "move a file over the depot's", lambda at: lambda n: wire.rename(n, at.own, f"/tuf/{INTRUDER}.json")
    ),
    Attempt("remove a file of the depot", lambda at: _ask(_REMOVE, "/FORMAT")),
    Attempt("remove a report", lambda at: _ask(_REMOVE, at.own)),
    Attempt("rename as older clients do", lambda at: _ask(_RENAME, at.own, f"{at.own}-2")),
    Attempt("make a folder", lambda at: _ask(_MKDIR, f"{at.own_inbox}/folder", tail=_NO_ATTRIBUTES)),
    Attempt("remove its own inbox", lambda at: _ask(_RMDIR, at.own_inbox)),
    Attempt("change modes", lambda at: _ask(_SETSTAT, at.own, tail=_MODE_777)),
    Attempt("make a link to a file of the host", lambda at: _ask(_SYMLINK, "/etc/passwd", f"{at.own}-link")),
    Attempt(
        "make a second name of a depot's file",
        lambda at: _ask(_EXTENDED, "hardlink@openssh.com", "/FORMAT", f"{at.own}-hard"),
    ),
    Attempt("ask where a link leads", lambda at: _ask(_READLINK, "/inbox")),
    Attempt("climb out of the depot", lambda at: _read("/../../../etc/passwd")),
    Attempt("ask how full the disk is", lambda at: _ask(_EXTENDED, "statvfs@openssh.com", "/")),
)


def is_let(transport: SftpTransport, attempt: Attempt, ground: Ground) -> bool:
    """Try one thing over SFTP; tell whether the server let it happen.

    Raises:
        BadDataError: it did, with an answer that a sync never gets; the conversation ends there.
    """
    session = transport.session
    reply = session.wait(session.ask(attempt.packet(ground)))
    if isinstance(reply, wire.Handle):
        session.close(reply.handle)
    return not isinstance(reply, wire.Status) or reply.code == wire.OK


def runs_programs(link: Link, kind: str) -> bool:
    """Try to get a shell, or to run a program; tell whether one ran."""
    channel = _open_session(link)
    if channel is None:
        return False
    try:
        if kind == "shell":
            channel.invoke_shell()
            channel.sendall(f"echo {_SAID}\n".encode())
        else:
            channel.exec_command(f"echo {_SAID}")
        channel.shutdown_write()  # a shell ends here, and so does the internal-sftp that is forced
        return _SAID.encode() in _hear(channel)
    except REFUSALS:
        return False
    finally:
        channel.close()


def gets(link: Link, what: str) -> bool:
    """Ask for a terminal ("pty"), for X11 ("x11"), or for the agent's keys ("agent")."""
    channel = _open_session(link)
    if channel is None:
        return False
    try:
        if what == "pty":
            channel.get_pty()
        elif what == "x11":
            channel.request_x11(handler=lambda *_: None)
        else:
            ask_channel(link.ssh, channel, "auth-agent-req@openssh.com")
            channel._wait_for_event()
    except REFUSALS:
        return False
    else:
        return True
    finally:
        channel.close()


def forwards(link: Link, to: tuple[str, int]) -> bool:
    """Try to reach another port through the server."""
    try:
        channel = link.ssh.open_channel("direct-tcpip", to, ("127.0.0.1", 9), timeout=_WAIT_S)
    except REFUSALS:
        return False
    channel.close()
    return True


def listens(link: Link) -> bool:
    """Try to let the server listen for others."""
    try:
        link.ssh.request_port_forward("127.0.0.1", 0)
    except REFUSALS:
        return False
    return True


def _open_session(link: Link) -> Any | None:  # noqa: ANN401 - paramiko's Channel
    try:
        channel = link.ssh.open_session(timeout=_WAIT_S)
    except REFUSALS:
        return None
    channel.settimeout(_WAIT_S)
    return channel


def _hear(channel: Any) -> bytes:  # noqa: ANN401 - paramiko's Channel
    heard = b""
    try:
        while data := channel.recv(4096):
            heard += data
    except TimeoutError:
        pass
    return heard


def count_sessions(connect: Callable[[], SftpTransport], wanted: int) -> int:
    """Hold as many sessions at once as the server lets; return how many of `wanted` that were."""
    held: list[SftpTransport] = []
    try:
        for _ in range(wanted):
            transport = connect()
            held.append(transport)
            transport.read_files(["FORMAT"], max_bytes=1000)
    except Error:
        return len(held) - 1 if held else 0
    finally:
        for transport in held:
            transport.close()
    return len(held)


def knock(address: tuple[str, int], wanted: int) -> list[socket.socket]:
    """Open connections that never sign in, as a flood would; whoever asks for them closes them."""
    return [socket.create_connection(address, timeout=10) for _ in range(wanted)]

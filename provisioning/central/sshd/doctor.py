"""Try the depot's SSH server as a hub would, by really connecting, and then as who stole that hub's key."""

import hashlib
import os
import pwd
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from content_packs import depot
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, Error, LinkError, LocalError, NotFoundError
from content_packs.transports.address import SftpAddress, parse_sftp
from content_packs.transports.host_keys import fingerprint, parse_host_keys
from content_packs.transports.sftp import Link, SftpTransport, open_sftp, open_ssh
from provisioning.central.readers import find_account, let_read
from provisioning.central.ssh_keys import HUB_REQUESTS, authorized_line
from provisioning.central.sshd import attempts
from provisioning.central.sshd.accounts import read_allowed
from provisioning.central.sshd.attempts import INTRUDER, SFTP_ATTEMPTS, Ground
from provisioning.central.sshd.machine import find_server, has_systemd, list_some
from provisioning.central.sshd.names import INBOX, PROBE_KEYS, PROBES, START, account_of
from provisioning.central.sshd.quotas import find_room_faults
from provisioning.central.sshd.render import FILE_BYTES, HUB_PROCESSES
from provisioning.central.sshd.server import list_private_keys, read_public_key
from provisioning.central.sshd.setup import Setup

SESSIONS = HUB_PROCESSES // 2
KNOCKS = 100
_VALID = timedelta(minutes=15)
_TIMEOUT_S = 60.0  # a hundred others at once take a small machine half of it
_MAX_BYTES = 8 * depot.MIB
_REPORT = b"central doctor was here"
_SIGNED = "tuf/timestamp.json"
_LARGE, _MANY = "f" * 64, "0" * 56  # names of files, and how such names begin, as no report's does


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one thing that was tried: a hub's work must go, an intruder's must not."""

    kind: Literal["hub", "intruder"]
    what: str
    is_good: bool
    detail: str = ""
    is_known: bool = False  # not as good as it could be here, and nothing is to be done about it now


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes, and how."""

    hub_id: str
    address: SftpAddress
    key_path: Path
    host_keys: tuple[str, ...]
    other_hub: str

    def sftp(self) -> SftpTransport:
        """Connect as a sync does."""
        return open_sftp(
            self.address,
            key_path=self.key_path,
            host_keys=self.host_keys,
            connect_timeout_s=_TIMEOUT_S,
            step_timeout_s=_TIMEOUT_S,
        )

    def ssh(self) -> Link:
        """Sign in, and nothing more."""
        return open_ssh(
            self.address,
            key_path=self.key_path,
            host_keys=self.host_keys,
            connect_timeout_s=_TIMEOUT_S,
            step_timeout_s=_TIMEOUT_S,
        )

    @property
    def inbox(self) -> str:
        """Where this hub leaves reports, in the depot."""
        return depot.inbox_dir(self.hub_id)


@contextmanager
def visit_here(setup: Setup, hub_id: str | None, *, now: datetime) -> Iterator[Visit]:
    """Give a visit of this machine's server with a key for some minutes, as root; all of it is removed after.

    Raises:
        LocalError: the machine is not set up, or there is no such account.
    """
    chosen = hub_id or PROBES[0]
    other = next(probe for probe in PROBES if probe != chosen)
    for each in (chosen, other):
        if find_account(each) is None:
            raise LocalError(
                f"this machine has no account {account_of(each)}", hint="Run: central sshd-config --apply"
            )
    keys = list_private_keys()
    if not keys:
        raise LocalError("this machine has no host key for hubs", hint="Run: central sshd-config --apply")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="central-doctor-")))
        key_path = folder / "key"
        line = PROBE_KEYS / account_of(chosen)
        public = _make_key(key_path)
        stack.callback(line.unlink, missing_ok=True)
        write_durably(
            line, authorized_line(chosen, public, until=now + _VALID, requests=HUB_REQUESTS).encode()
        )
        for each in (chosen, other):
            stack.enter_context(_acks(setup, each))
        stack.enter_context(clean_inbox(setup, chosen))
        stack.enter_context(clean_inbox(setup, other))
        _leave_report(setup, other)
        yield Visit(
            chosen,
            parse_sftp(f"sftp://{account_of(chosen)}@127.0.0.1:{setup.port}/"),
            key_path,
            tuple(read_public_key(key) for key in keys),
            other,
        )


def _make_key(path: Path) -> str:
    key = Ed25519PrivateKey.generate()
    write_durably(path, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), mode=0o600)
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


@contextmanager
def _acks(setup: Setup, hub_id: str) -> Iterator[None]:
    """Let there be acks of a hub that had none; they go again."""
    path = setup.depot / depot.acks_path(hub_id)
    uid = find_account(hub_id)
    if path.exists() or uid is None:
        yield
        return
    write_durably(path, b'{"format": 1, "streams": {}}', prepare=lambda descriptor: let_read(descriptor, uid))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def clean_inbox(setup: Setup, hub_id: str) -> Iterator[None]:
    """Take away afterwards what a doctor left. What a hub itself sends meanwhile stays."""
    inbox = setup.depot / INBOX / hub_id
    before = {path.name for path in inbox.iterdir()}
    try:
        yield
    finally:
        for path in inbox.iterdir():
            if path.name not in before and _is_left_here(path.name, hub_id) and not path.is_dir():
                path.unlink(missing_ok=True)


def _is_left_here(name: str, hub_id: str) -> bool:
    """Tell whether an attempt made a file of this name, or was about to; a report's is a SHA-256."""
    plain = name.removeprefix(".").removesuffix(".tmp")
    return plain in (INTRUDER, _LARGE) or plain.startswith((report_name(hub_id), _MANY))


def _leave_report(setup: Setup, hub_id: str) -> None:
    path = setup.depot / INBOX / hub_id / report_name(hub_id)
    path.write_bytes(_report(hub_id))
    account = pwd.getpwnam(account_of(hub_id))
    path.chmod(0o660)
    os.chown(path, account.pw_uid, -1)


def _report(hub_id: str) -> bytes:
    return _REPORT + b" " + hub_id.encode()


def report_name(hub_id: str) -> str:
    """Return the name of the file that a doctor leaves in an inbox: by its content, as every report."""
    return hashlib.sha256(_report(hub_id)).hexdigest()


def examine(visit: Visit, *, is_here: bool, has_quota: bool = False, hub_files: int = 0) -> list[Finding]:
    """Try everything; `is_here` tells that what is written can be removed again.

    Raises:
        LinkError, IdentityError: not even a hub gets in; there is nothing more to try.
    """
    try:
        return _examine(visit, is_here=is_here, has_quota=has_quota, hub_files=hub_files)
    except LinkError as error:
        raise type(error)(error.message, hint=_find_advice(is_here=is_here)) from error


def _find_advice(*, is_here: bool) -> str:
    """Return what to do about a server that does not answer: in the office, not at a hub."""
    if not is_here:
        return (
            "Does the depot's SSH server run, and do firewalls let this machine in? "
            "On the depot's machine: central sshd-config --check"
        )
    if find_server() is not None:
        return "The hubs' SSH server runs: central sshd-config --check tells what is wrong with it."
    start = "central sshd-config --apply" if has_systemd() else START
    return f"The hubs' SSH server does not run. Start it: {start}"


def _examine(visit: Visit, *, is_here: bool, has_quota: bool, hub_files: int) -> list[Finding]:
    with visit.sftp() as transport:
        findings = list(_as_hub(visit, transport))
    findings += _over_sftp(visit)
    findings += _beside_sftp(visit)
    if is_here:
        findings += _filling(visit, has_quota=has_quota, hub_files=hub_files)
    findings += _crowding(visit)
    return findings


def _as_hub(visit: Visit, transport: SftpTransport) -> Iterator[Finding]:
    shown = visit.host_keys[0]
    known = ", ".join(fingerprint(key.blob) for key in parse_host_keys([shown]))
    yield Finding("hub", "knows the server by its host key and signs in", True, known)
    yield _works("reads the depot", lambda: _read(transport, depot.FORMAT_PATH))
    yield _works("reads the signed metadata", lambda: _read(transport, _SIGNED))
    acks = depot.acks_path(visit.hub_id)
    yield _works(
        "reads what the office acknowledged to it", lambda: _read(transport, acks, may_be_missing=True)
    )
    yield _works("leaves a report in its inbox", lambda: _leave(visit, transport))


def _read(transport: SftpTransport, path: str, *, may_be_missing: bool = False) -> str:
    [data] = transport.read_files([path], max_bytes=_MAX_BYTES)
    if data is None and not may_be_missing:
        raise NotFoundError(f"{path}: no such file; does the server show the depot?")
    return "" if data is not None else "nothing yet"


def look_for_room(setup: Setup) -> list[Finding]:
    """Tell whether the reports of all hubs find room on this machine."""
    full = list(find_room_faults(setup, read_allowed(Path(setup.office))))
    return [
        Finding(
            "hub",
            "finds room for its reports, as all others do",
            not full,
            list_some([fault.what for fault in full]),
        )
    ]


def _works(what: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding("hub", what, True, work())
    except LinkError:
        raise
    except Error as error:
        return Finding("hub", what, False, error.message)


def _leave(visit: Visit, transport: SftpTransport) -> str:
    name, data = report_name(visit.hub_id), _report(visit.hub_id)
    transport.write_files(visit.inbox, {name: data})
    [there] = transport.read_files([f"{visit.inbox}/{name}"], max_bytes=_MAX_BYTES)
    if there != data:
        raise BadDataError(f"{visit.inbox}/{name}: expected {len(data)} bytes, got {len(there or b'')}")
    return ""


def _over_sftp(visit: Visit) -> Iterator[Finding]:
    root = visit.address.root
    other = f"{root}/{depot.inbox_dir(visit.other_hub)}"
    ground = Ground(
        own=f"{root}/{visit.inbox}/{report_name(visit.hub_id)}",
        own_inbox=f"{root}/{visit.inbox}",
        other_inbox=other,
        other_file=f"{other}/{report_name(visit.other_hub)}",
        other_acks=f"{root}/{depot.acks_path(visit.other_hub)}",
    )
    transport = visit.sftp()
    try:
        for attempt in SFTP_ATTEMPTS:
            try:
                is_let = attempts.is_let(transport, attempt, ground)
            except BadDataError:
                is_let = True
                transport.close()
                transport = visit.sftp()
            yield Finding("intruder", attempt.what, not is_let)
    finally:
        transport.close()


def _beside_sftp(visit: Visit) -> Iterator[Finding]:
    tries: tuple[tuple[str, Callable[[Link], bool]], ...] = (
        ("get a shell", lambda link: attempts.runs_programs(link, "shell")),
        ("run a program", lambda link: attempts.runs_programs(link, "exec")),
        ("get a terminal", lambda link: attempts.gets(link, "pty")),
        ("show windows over X11", lambda link: attempts.gets(link, "x11")),
        ("have an agent's keys passed on", lambda link: attempts.gets(link, "agent")),
        (
            "reach the host's own services through it",
            lambda link: attempts.forwards(link, ("127.0.0.1", visit.address.port)),
        ),
        ("let the server listen for others", attempts.listens),
    )
    for what, attempt in tries:
        link = visit.ssh()
        try:
            yield Finding("intruder", what, not attempt(link))
        finally:
            link.close()


def _filling(visit: Visit, *, has_quota: bool, hub_files: int) -> Iterator[Finding]:
    what = f"leave a file of more than {FILE_BYTES // 1024} KiB"
    yield Finding("intruder", what, not _can_leave(visit, {_LARGE: bytes(2 * FILE_BYTES)}))
    if has_quota:
        many = {f"{_MANY}{number:08x}": b"x" for number in range(hub_files + 10)}
        yield Finding("intruder", f"leave more than {hub_files} files", not _can_leave(visit, many))
    else:
        detail = "this kernel counts no single hub: all inboxes together have a limit; ingest makes room"
        yield Finding("intruder", "fill the disk of the inboxes", True, detail, is_known=True)


def _can_leave(visit: Visit, files: dict[str, bytes]) -> bool:
    try:
        with visit.sftp() as transport:
            transport.write_files(visit.inbox, files)
    except Error:
        return False
    return True


def _crowding(visit: Visit) -> Iterator[Finding]:
    held = attempts.count_sessions(visit.sftp, SESSIONS + 4)
    what = f"hold more than {SESSIONS} sessions at once"
    yield Finding("intruder", what, held <= SESSIONS, f"held {held}")
    where = (visit.address.host, visit.address.port)
    with ExitStack() as stack:
        for sock in attempts.knock(where, KNOCKS):
            stack.callback(sock.close)
        try:
            visit.sftp().close()
            is_shut = False
        except LinkError:
            is_shut = True
    yield Finding("intruder", f"keep hubs out by {KNOCKS} connections that say nothing", not is_shut)

"""Host keys, files and services of the depot's SSH server, compared with what they should be."""

import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from content_packs import depot as layout
from content_packs.durable import fsync_dir, sync_filesystem, write_durably
from content_packs.errors import LocalError
from provisioning.central.sshd import render
from provisioning.central.sshd.machine import (
    Fault,
    find_server,
    has_systemd,
    list_some,
    list_stopped,
    reload_server,
    reload_units,
    restart_server,
    run,
    start_server,
)
from provisioning.central.sshd.names import (
    CHROOT,
    CONFIG,
    CONFIG_DIR,
    INBOX,
    KEYS,
    PROBE_KEYS,
    READ_ONLY,
    SETUP,
    START,
    STATE_DIR,
)
from provisioning.central.sshd.setup import Setup, encode_setup, read_setup
from provisioning.central.sshd.version import OLDEST, find_sshd, read_version

HOST_KEYS = CONFIG_DIR / "host-keys"
MIN_HOST_KEYS = 2  # the one that is shown, and the next
_UNITS = Path("/etc/systemd/system")


def list_private_keys() -> list[Path]:
    """Return the server's private host keys: the one that it shows, then those that may follow."""
    return sorted(HOST_KEYS.glob("host_ed25519_*[0-9]"))


def read_public_key(private: Path) -> str:
    """Return the OpenSSH line of a host key, without a comment."""
    return " ".join(private.with_suffix(".pub").read_text(encoding="ascii").split()[:2])


def find_program_faults(setup: Setup) -> Iterator[Fault]:
    """Yield which programs are missing or too old.

    Raises:
        LocalError: the port is somebody else's: a server that were told of it would end.
    """
    version = read_version(find_sshd())
    if version < OLDEST:
        found, least = (".".join(map(str, each)) for each in (version, OLDEST))
        yield Fault(
            f"OpenSSH {found} is too old; at least {least} is needed", "upgrade to Debian 12 or later"
        )
    needed = {
        "systemd-sysusers": "systemd",
        "unshare": "util-linux",
        "prlimit": "util-linux",
        "mount": "mount",
    }
    if setup.inbox_mib:
        needed["mkfs.ext4"] = "e2fsprogs"
    if setup.has_quota:
        needed["setquota"] = "quota"
    for program, package in needed.items():
        if shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
            yield Fault(f"the program {program} is missing", f"run: apt install {package}")
    yield from _find_owner_faults(setup)
    if _serving_port() != setup.port and not _is_port_free(setup.port):
        raise LocalError(
            f"port {setup.port} is taken by another program",
            hint="Choose another one: central sshd-config --apply --port N",
        )


def _find_owner_faults(setup: Setup) -> Iterator[Fault]:
    """Yield whether the office's account could change the program that root runs for it."""
    office = Path(setup.office).stat().st_uid
    for place in (Path(sys.prefix), Path(__file__).parent):
        if office != 0 and place.stat().st_uid == office:
            yield Fault(
                f"{place} belongs to the account of the office, and root runs what is there",
                f"give it to root: chown -R root: {place}",
            )


def _serving_port() -> int | None:
    """Return the port at which the hubs' server is now; None while it does not run."""
    if find_server() is None:
        return None
    if not CONFIG.exists():  # somebody removed it; it is written anew below
        saved = read_setup()
        return saved.port if saved else None
    lines = CONFIG.read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("Port ")), None)


def _is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def find_host_key_faults() -> Iterator[Fault]:
    """Yield which host keys are missing."""
    there = list_private_keys()
    if len(there) < MIN_HOST_KEYS:
        what = "no host key" if not there else "no next host key"
        yield Fault(f"there is {what}", "makes it", _make_host_keys)


def _make_host_keys() -> None:
    while len(list_private_keys()) < MIN_HOST_KEYS:
        make_host_key()


def make_host_key() -> Path:
    """Make one more host key, to follow the others; return the private one."""
    there = list_private_keys()
    number = int(there[-1].name.rpartition("_")[2]) + 1 if there else 1
    path = HOST_KEYS / f"host_ed25519_{number:03d}"
    HOST_KEYS.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    for leftover in (unfinished, unfinished.with_suffix(".pub")):
        leftover.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "classroom-hub depot", "-f", unfinished)
    sync_filesystem(HOST_KEYS)  # a name alone, of an empty file, would outlive a power cut
    unfinished.with_suffix(".pub").replace(path.with_suffix(".pub"))
    unfinished.replace(path)
    fsync_dir(HOST_KEYS)
    return path


def drop_host_key(private: Path) -> None:
    """Throw a host key away."""
    private.unlink(missing_ok=True)
    private.with_suffix(".pub").unlink(missing_ok=True)


def find_folder_faults(setup: Setup) -> Iterator[Fault]:
    """Yield which folders are missing, or open to more than they should be."""
    ours = {
        CONFIG_DIR: 0o755,
        KEYS: 0o755,
        PROBE_KEYS: 0o755,
        HOST_KEYS: 0o700,
        STATE_DIR: 0o755,
        CHROOT: 0o755,
    }
    ours |= {CHROOT / part: 0o755 for part in (*READ_ONLY, INBOX)}
    wrong = [path for path, mode in ours.items() if not _is_folder(path, 0, mode)]
    if wrong:
        yield Fault(
            f"a folder is missing, or not root's alone: {wrong[0]}",
            "makes it so",
            lambda: _make_folders({path: ours[path] for path in wrong}, 0, 0),
        )
    owner = setup.depot.stat()
    of_depot = {setup.depot / part: 0o755 for part in READ_ONLY}
    of_depot |= {
        setup.depot / "acks": 0o711,
        setup.depot / INBOX: 0o711,
    }  # nobody lists what schools there are
    odd = [path for path, mode in of_depot.items() if not _is_folder(path, owner.st_uid, mode)]
    if odd:
        yield Fault(
            f"a folder of the depot is missing, or has another owner or mode: {odd[0]}",
            "makes it so",
            lambda: _make_folders({path: of_depot[path] for path in odd}, owner.st_uid, owner.st_gid),
        )
    if not _holds(CHROOT / layout.FORMAT_PATH, layout.FORMAT_TEXT):
        yield Fault(
            f"{CHROOT / layout.FORMAT_PATH} is missing",
            "writes it",
            lambda: write_durably(CHROOT / layout.FORMAT_PATH, layout.FORMAT_TEXT),
        )


def _is_folder(path: Path, uid: int, mode: int) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and stat.S_IMODE(found.st_mode) == mode


def _make_folders(folders: dict[Path, int], uid: int, gid: int) -> None:
    for path, mode in folders.items():
        path.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            raise LocalError(f"{path}: a link where a folder belongs", hint="Remove it, and run it again.")
        if not os.path.ismount(path) or path.stat().st_uid != uid:
            os.chown(path, uid, gid)
        path.chmod(mode)


def find_file_faults(setup: Setup) -> Iterator[Fault]:
    """Yield which of the files that `--apply` writes are missing or different."""
    sshd = find_sshd()
    keys = tuple(str(path) for path in list_private_keys()[:1])
    config = render.render_config(setup, keys, read_version(sshd))
    files: list[tuple[Path, str, int, Callable[[], None]]] = [
        (SETUP, encode_setup(setup).decode(), 0o644, lambda: None),
        (START, render.render_start(setup, sshd), 0o755, restart_server),
    ]
    if has_systemd():
        units = render.render_units(setup, str(Path(sys.executable).with_name("central")))
        wrong = {_UNITS / name: text.encode() for name, text in units.items()}
        wrong = {path: data for path, data in wrong.items() if not _holds(path, data)}
        if wrong:
            what = f"missing or different: {list_some(sorted(map(str, wrong)))}"
            yield Fault(what, "writes it", lambda: _write_units(wrong))
    for path, text, mode, then in files:
        if not _holds(path, text.encode()):
            yield Fault(f"{path} is missing or different", "writes it", _writer(path, text, mode, then))
    if not _holds(CONFIG, config.encode()):
        yield Fault(
            f"{CONFIG} is missing or different",
            "lets sshd check it, writes it, and lets the server read it",
            lambda: install_config(config, sshd),
        )


def _write_units(units: dict[Path, bytes]) -> None:
    for path, data in units.items():
        write_durably(path, data)
    reload_units()


def _writer(path: Path, text: str, mode: int, then: Callable[[], None]) -> Callable[[], None]:
    def write() -> None:
        write_durably(path, text.encode(), mode=mode)
        then()

    return write


def install_config(config: str, sshd: str) -> None:
    """Write a configuration that sshd accepts, and let a running server take it.

    Raises:
        LocalError: sshd refuses it; the former one stays.
    """
    trial = CONFIG.with_name(".sshd_config.trial")
    write_durably(trial, config.encode())
    try:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        run(sshd, "-t", "-f", trial)
        write_durably(CONFIG, config.encode())
    finally:
        trial.unlink(missing_ok=True)
    reload_server()


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def find_service_faults(setup: Setup) -> Iterator[Fault]:
    """Yield whether the server runs, and whether what it serves is this depot."""
    pid = find_server()
    if pid is None:
        if has_systemd():
            yield Fault("the hubs' SSH server does not run", "starts it, now and at each boot", start_server)
        else:
            yield Fault("the hubs' SSH server does not run, and no systemd is here", f"run: {START}")
        return
    stopped = list_stopped() if has_systemd() else []
    if stopped:
        what = f"not running, or not to be started with the machine: {list_some(stopped)}"
        yield Fault(what, "starts it, now and at each boot", start_server)
    seen = Path(f"/proc/{pid}/root{CHROOT}")
    for part in (*READ_ONLY, INBOX):
        if not _is_same(seen / part, setup.depot / part):
            yield Fault(
                f"the server shows another folder than {setup.depot / part}", "restarts it", restart_server
            )
            return


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_ino == other.stat().st_ino and one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False

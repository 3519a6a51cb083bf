"""`hub card boot`: make this card the hub of its school, at every boot, and never stand in the boot's way.

Order: identity, so that all else has a name; the config, kept on the data partition before anything is taken
off the card; the hub's folder; the network; the status file last, since it tells of all of them. A part that
fails is told there, and the others are done.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from content_packs.errors import Error, local_error
from content_packs.owner import as_owner
from hub.card import clock, hubdir, identity, school
from hub.card.boot_partition import write_fat
from hub.card.pipes import remove_pipes
from hub.card.places import CardPlaces
from hub.card.school import Chosen
from hub.card.statusfile import StatusFacts, is_same_but_time, render_status
from hub.school import FILE_NAME, SchoolConfig, to_file
from hub.school.statusblock import StatusBlock, short_fingerprint
from hub.settings import HubPaths

ApplyNetwork = Callable[[CardPlaces, SchoolConfig], list[str]]  # returns the hub's own numbers
SetPassword = Callable[[HubPaths, str], None]
SetCode = Callable[[HubPaths, str], None]
ReadLastSync = Callable[[HubPaths], str]


@dataclass(frozen=True, slots=True)
class Others:
    """Other parts of the hub that a boot calls; the command line puts them together."""

    apply_network: ApplyNetwork | None = None  # returns the hub's own numbers
    set_first_password: SetPassword | None = None
    set_label_code: SetCode | None = None
    read_last_sync: ReadLastSync | None = None


@dataclass(slots=True)
class Boot:
    """What a boot found and did."""

    chosen: Chosen
    hub: hubdir.HubFacts | None = None
    label_code: str = ""
    numbers: list[str] = field(default_factory=list)
    hostname: str = ""
    last_sync: str = ""
    problems: list[str] = field(default_factory=list)
    secrets_removed: bool = False
    status_written: bool = False


def boot(places: CardPlaces, others: Others, *, now: datetime) -> Boot:
    """Do all of it; what fails stands in `problems` and in hub-status.txt."""
    problems: list[str] = []
    with _noted(problems, "hub"):
        problems += _remove_pipes(places.hub)
    with _noted(problems, "clock"):
        now = _raise_clock(places, now)
    machine_id = "0000"
    with _noted(problems, "machine id"):
        machine_id = identity.keep_machine_id(places)
    chosen = Chosen(school.make_default(machine_id), "default", None, (), "uk", None)
    with _noted(problems, "school config"):
        chosen = school.choose(places, machine_id)
    done = Boot(chosen, problems=problems)
    config = chosen.config
    _apply_etc(places, done, config)
    is_kept = False
    with _noted(problems, "school config"):
        if chosen.source == "card":
            school.keep(places, config)
        is_kept = chosen.source == "card"
    is_used = _make_hub(places, done, others)
    if is_kept and is_used:
        with _noted(problems, "hub-config.txt"):
            done.secrets_removed = school.take_secrets_off(places, chosen)
    with _noted(problems, "network"):
        if others.apply_network is not None:
            done.numbers = others.apply_network(places, config)
    _write_status(places, done, now)
    return done


def _remove_pipes(paths: HubPaths) -> list[str]:
    if not paths.dir.is_dir():
        return []
    with as_owner(paths.dir):
        return [f"{name}: was no file, and was removed" for name in remove_pipes(paths)]


def _apply_etc(places: CardPlaces, done: Boot, config: SchoolConfig) -> None:
    with _noted(done.problems, "ssh host keys"):
        identity.keep_host_keys(places)
    with _noted(done.problems, "host name"):
        done.hostname = identity.set_hostname(places, config.school_code)
        identity.set_timezone(places, config.timezone)
        if places.root == Path("/"):
            socket.sethostname(done.hostname)


def _make_hub(places: CardPlaces, done: Boot, others: Others) -> bool:
    """Make the hub's folder; whether every secret of the config is where it belongs."""
    config, paths = done.chosen.config, places.hub
    is_password_set = not config.technician_password
    with _noted(done.problems, "hub"):
        done.hub = hubdir.make_hub_dir(paths, config, done.chosen.before)
    with _noted(done.problems, "label code"):
        done.label_code = identity.keep_label_code(places, config.label_code)
        if others.set_label_code is not None:
            with as_owner(paths.dir):
                others.set_label_code(paths, done.label_code)
    with _noted(done.problems, "technician's password"):
        if config.technician_password and others.set_first_password is not None:
            others.set_first_password(paths, config.technician_password)
            is_password_set = True
    with _noted(done.problems, "last sync"):
        if others.read_last_sync is not None:
            with as_owner(paths.dir):
                done.last_sync = others.read_last_sync(paths) if paths.db.exists() else ""
    return done.hub is not None and is_password_set


def _raise_clock(places: CardPlaces, now: datetime) -> datetime:
    """Set a clock that is behind what the office signed; the initramfs knows only the time that was kept."""
    known = clock.time_to_set(places.card, places.hub.trust, now=now)
    if known is None:
        return now
    if places.root == Path("/"):
        clock.set_clock(known)
    return known


@contextmanager
def _noted(problems: list[str], what: str) -> Iterator[None]:
    """Note a failure and go on: a hub with one part less is better than no hub."""
    try:
        yield
    except OSError as error:
        problems.append(f"{what}: {local_error(error, 'this disk refused').message}")
    except Error as error:
        problems.append(f"{what}: {error.message}" + (f" {error.hint}" if error.hint else ""))
    except Exception as error:  # a fault of ours, or of a file that nobody foresaw: the class has its Wi-Fi
        problems.append(f"{what}: {type(error).__name__}: {str(error)[:200]}")


def _write_status(places: CardPlaces, done: Boot, now: datetime) -> None:
    text = render_status(_facts(places, done, now), done.chosen.language)
    with _noted(done.problems, places.status.name):
        before = (
            places.status.read_text(encoding="utf-8", errors="replace") if places.status.is_file() else ""
        )
        if not is_same_but_time(before, text):
            # With a mark: Notepad of every Windows then shows Ukrainian letters, and nobody edits this file.
            done.status_written = write_fat(places.status, b"\xef\xbb\xbf" + to_file(text))


def _facts(places: CardPlaces, done: Boot, now: datetime) -> StatusFacts:
    chosen, hub = done.chosen, done.hub
    config = chosen.config
    block = None
    if hub is not None:
        print_of_key = short_fingerprint(hub.public_key)
        block = StatusBlock(hub.hub_id, hub.public_key, print_of_key, config.school_code, config.school_name)
    return StatusFacts(
        config=config,
        source=chosen.source,
        file_name=chosen.file.name if chosen.file else FILE_NAME,
        has_file=chosen.file is not None,
        findings=chosen.findings,
        problems=done.problems,
        block=block,
        is_new_key=hub is not None and hub.is_new_key,
        label_code=done.label_code,
        numbers=done.numbers,
        software=_software_version(),
        image=_image_version(places),
        last_sync=done.last_sync,
        written_at=now.astimezone().strftime("%Y-%m-%d %H:%M"),
    )


def _software_version() -> str:
    try:
        return version("classroom-hub")
    except PackageNotFoundError:
        return ""


def _image_version(places: CardPlaces) -> str:
    for path in (places.etc / "os-release", places.root / "usr" / "lib" / "os-release"):
        with contextlib.suppress(OSError):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                if line.startswith("IMAGE_VERSION="):
                    return line.partition("=")[2].strip("\"'")
    return ""

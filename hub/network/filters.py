"""The filter: from the installed pack of that kind to the lists that dnsmasq reads, by the time of the day.

Only a whole, right filter takes the place of the one before; a wrong one is named, and the old one stays. So
it does where the office takes the pack away: nobody becomes unfiltered by accident. Which of its lists count
is decided anew at each look: dnsmasq.conf names their files, and starts anew where that is another one.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self

from content_packs.blocklist import (
    ALLOW,
    DOMAINS,
    LESSON,
    MAX_SAFE_SEARCH,
    WrongLineError,
    check_address,
    check_apart,
    check_domain,
    read_entries,
    read_names,
)
from content_packs.durable import write_durably
from content_packs.lesson_time import LessonTime, check_lesson_time
from hub.db_read import open_to_read
from hub.network.filter_names import HubFile, Written, find_blocked, is_whole, write_names
from hub.network.paths import NetworkPaths
from hub.network.safe import SAFE_SEARCH
from hub.settings import HubPaths
from hub.uplink.limits import Moment

FORMAT = 1
SORTS = {"always": DOMAINS, "lesson": LESSON, "allow": ALLOW}  # each is one file for dnsmasq
_DOMAINS_PER_MB = 500  # of memory: half a million, some 48 MB of dnsmasq, on a board of 1 GB
_BOARD_MB = 1024
_MIB = 1024 * 1024
_QUERY = "select pack_id, version, details from installed where kind = 'filter' order by pack_id limit 1"


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter in use; `version` 0: none has come yet. `refused` says which newer one is not, and why."""

    pack_id: str = ""
    version: int = 0
    domains: int = 0  # always blocked
    lesson: int = 0  # in lessons only
    allowed: int = 0
    lesson_time: str = ""
    strict_search: bool = True
    safe_search: Mapping[str, str] = field(default_factory=dict)
    categories: Sequence[Mapping[str, Any]] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # sort → SHA-256 of what dnsmasq reads
    blocked_search: Mapping[str, Sequence[str]] = field(default_factory=dict)  # sort → search machines in it
    refused: str = ""
    refused_version: int = 0

    @property
    def is_there(self) -> bool:
        """Whether a list filters."""
        return self.version > 0

    def to_dict(self) -> dict[str, Any]:
        """Return what filter.json says."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` said; TypeError or ValueError where it is something else."""
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})

    def is_lesson(self, moment: Moment | None) -> bool:
        """Whether what is blocked in lessons is blocked now: also where nobody can say what time it is."""
        if not self.lesson or not self.lesson_time:
            return False
        if moment is None or not moment.is_known:
            return True
        return LessonTime.parse(self.lesson_time).covers(moment.local)

    def lists(self, paths: NetworkPaths, *, lesson: bool) -> tuple[Path, ...]:
        """Return the files that dnsmasq reads now."""
        return tuple(
            paths.names_file(sort, sha256)
            for sort, sha256 in self.files.items()
            if sort != "lesson" or lesson
        )

    def addresses(self, *, lesson: bool = False) -> dict[str, IPv4Address]:
        """Return the names of search machines and where they lead; the filter's own count before ours.

        A search machine that is blocked now is none of them.
        """
        if not self.strict_search:
            return {}
        found = {**SAFE_SEARCH, **{name: IPv4Address(ip) for name, ip in self.safe_search.items()}}
        sorts = ("always", "lesson") if lesson else ("always",)
        for name in (name for sort in sorts for name in self.blocked_search.get(sort, ())):
            found.pop(name, None)
        return found


def read_filter(paths: NetworkPaths) -> Filter:
    """Return the filter in use; one whose files are damaged counts as none."""
    try:
        found = Filter.from_dict(json.loads(paths.filter.read_bytes()))
        found.addresses(lesson=True)
        whole = all(is_whole(paths.names_file(sort, sha256), sha256) for sort, sha256 in found.files.items())
        return found if whole and not check_lesson_time(found.lesson_time) else Filter()
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return Filter()


def most_domains(ram_bytes: int) -> int:
    """Return how many domains a machine takes; the kernel keeps some of a board's memory for itself."""
    board_mb = max(1, round(ram_bytes / (_BOARD_MB // 2 * _MIB))) * (_BOARD_MB // 2)
    return board_mb * _DOMAINS_PER_MB if ram_bytes else _BOARD_MB * _DOMAINS_PER_MB


def take_filter(
    hub: HubPaths, paths: NetworkPaths, *, ram_bytes: int, own: tuple[str, ...] = ()
) -> tuple[Filter, bool]:
    """Take the installed filter if it is another one; return what is in use, and whether that is new.

    `own` are the names of this hub: a filter that blocks them is refused.

    Raises:
        OSError: the disk refuses; the filter before is still whole.
    """
    now = read_filter(paths)
    found = _find_pack(hub)
    if found is None:
        return now, False
    pack_id, version, details = found
    if (pack_id, version) in ((now.pack_id, now.version), (now.pack_id, now.refused_version)):
        return now, False
    folder = hub.packs / pack_id / str(version) / "files"
    try:
        taken = _Taking(folder, hub.dir.stat().st_uid, paths, details, own).take(most_domains(ram_bytes))
    except WrongLineError as error:
        refused = Filter.from_dict(
            now.to_dict() | {"refused": f"{pack_id} {version}: {error}", "refused_version": version}
        )
        _write(paths, refused)
        _remove_others(paths, refused)
        return refused, False
    taken = Filter.from_dict(taken.to_dict() | {"pack_id": pack_id, "version": version})
    _write(paths, taken)
    _remove_others(paths, now, taken)
    return taken, True


def _find_pack(hub: HubPaths) -> tuple[str, int, dict[str, Any]] | None:
    """Return the installed filter, the first by its id; None without one, or without a hub.db to read."""
    try:
        with closing(open_to_read(hub.db)) as connection:
            row = connection.execute(_QUERY).fetchone()
            details = None if row is None else json.loads(row[2])
            return (str(row[0]), int(row[1]), details) if isinstance(details, dict) else None
    except (sqlite3.Error, ValueError, TypeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Taking:
    """One pack that becomes the filter; nothing that is in use is touched."""

    folder: Path
    owner: int
    paths: NetworkPaths
    details: Mapping[str, Any]
    own: tuple[str, ...]

    def take(self, most: int) -> Filter:
        """Write its lists; WrongLineError where something is not right."""
        safe_search = _read_safe_search(self.details.get("safe_search"))
        lesson_time = self._said("lesson_time", str, "")
        if check_lesson_time(lesson_time):
            raise WrongLineError(f"lesson_time: {check_lesson_time(lesson_time)}, got {lesson_time!r:.80}")
        expected: int = self._said("domains", int, 0) + self._said("lesson", int, 0)
        if expected > most:
            raise WrongLineError(f"expected at most {most} domains on this machine, got {expected}")
        if not expected:
            raise WrongLineError("the list is empty")
        written = dict(self._write_all())
        found = Filter(
            domains=self._said("domains", int, 0),
            lesson=self._said("lesson", int, 0),
            allowed=self._said("allowed", int, 0),
            lesson_time=lesson_time,
            strict_search=self._said("strict_search", bool, True),
            safe_search=safe_search,
            categories=_read_categories(self.details.get("categories")),
            files={sort: each.sha256 for sort, each in written.items()},
        )
        hits = {
            sort: {name for name in found.addresses() if self._holds(sort, each.sha256, name)}
            for sort, each in written.items()
        }
        left_open = hits.pop("allow", set())
        blocked = {sort: sorted(names - left_open) for sort, names in hits.items()}
        return Filter.from_dict(found.to_dict() | {"blocked_search": blocked})

    def _write_all(self) -> Iterator[tuple[str, Written]]:
        for sort, (count_at, hash_at) in _DETAILS_OF.items():
            if sort != "always" and not self._said(count_at, int, 0):
                continue
            file = HubFile(self.folder / SORTS[sort], self.owner)
            written = write_names(self.paths, sort, file, self._entries(sort, file), self.own)
            said = (self._said(count_at, int, 0), self._said(hash_at, str, ""))
            if (written.count, written.read_sha256) != said:
                raise WrongLineError(
                    f"expected {said[0]} domains as they were signed, got {written.count} or others"
                )
            yield sort, written

    def _entries(self, sort: str, file: HubFile) -> Iterator[tuple[str, str]]:
        if sort == "allow":
            return ((name, "") for name in read_names(file.lines()))
        if sort == "lesson":
            always = HubFile(self.folder / DOMAINS, self.owner)
            return check_apart(read_entries(file.lines()), read_entries(always.lines()))
        return read_entries(file.lines())

    def _holds(self, sort: str, sha256: str, name: str) -> bool:
        return find_blocked(self.paths.names_file(sort, sha256), name) is not None

    def _said(self, name: str, kind: type, default: object) -> Any:  # noqa: ANN401 - of any of three types
        value = self.details.get(name, default)
        if type(value) is not kind or (isinstance(value, int) and value < 0):
            raise WrongLineError(f"{name}: expected what a filter's index says, got {value!r:.80}")
        return value


_DETAILS_OF = {
    "always": ("domains", "sha256"),
    "lesson": ("lesson", "lesson_sha256"),
    "allow": ("allowed", "allowed_sha256"),
}


def _read_safe_search(listed: object) -> dict[str, str]:
    """Return names and addresses of the index; WrongLineError where they are not right."""
    if not isinstance(listed, list) or len(listed) > MAX_SAFE_SEARCH:
        raise WrongLineError(f"safe_search: expected a list of at most {MAX_SAFE_SEARCH}")
    found = {}
    for entry in listed:
        values = entry if isinstance(entry, dict) else {}
        name, address = str(values.get("name")), str(values.get("address"))
        fault = check_domain(name) or check_address(address)
        if fault:
            raise WrongLineError(f"safe_search: {fault}")
        found[name] = address
    return found


def _read_categories(listed: object) -> list[dict[str, Any]]:
    """Return how many names of each category there are; what is not so written is only for people to read."""
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [{name: entry.get(name) for name in ("category", "always", "lesson")} for entry in entries[:40]]


def _remove_others(paths: NetworkPaths, *kept: Filter) -> None:
    """Remove lists that are in use no more; the ones before stay, as dnsmasq may be reading them."""
    keep = {path for each in kept for path in each.lists(paths, lesson=True)}
    for path in paths.kept.glob("names-*"):
        if path not in keep:
            path.unlink()


def _write(paths: NetworkPaths, value: Filter) -> None:
    write_durably(paths.filter, json.dumps({"format": FORMAT, **value.to_dict()}).encode())

"""The block list: from the installed pack of the kind "filter" to the file that dnsmasq reads.

Only a whole, right list takes the place of the one before; a wrong one is named, and the old one stays. So
it does where the office takes the pack away: nobody becomes unfiltered by accident.
"""

import errno
import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Self, TextIO

from content_packs.blocklist import (
    DOMAINS,
    MAX_LINE,
    MAX_SAFE_SEARCH,
    WrongLineError,
    check_address,
    check_domain,
    read_domains,
)
from content_packs.durable import fsync_dir, write_durably
from hub.db_read import open_to_read
from hub.network.paths import NetworkPaths
from hub.network.safe import SAFE_SEARCH
from hub.settings import HubPaths

FORMAT = 1
_DOMAINS_PER_MB = 500  # of memory: half a million, some 45 MB of dnsmasq, on a board of 1 GB
_BOARD_MB = 1024
_MIB = 1024 * 1024
_QUERY = "select pack_id, version, details from installed where kind = 'filter' order by pack_id limit 1"


@dataclass(frozen=True, slots=True)
class Filter:
    """The list in use; `version` 0: none has come yet. `refused` says which newer one is not, and why."""

    pack_id: str = ""
    version: int = 0
    domains: int = 0
    safe_search: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    refused_version: int = 0

    @property
    def is_there(self) -> bool:
        """Whether a list filters."""
        return self.version > 0

    def to_dict(self) -> dict[str, Any]:
        """Return what filter.json and the hub's status say."""
        names = ("pack_id", "version", "domains", "refused", "refused_version")
        return {name: getattr(self, name) for name in names} | {"safe_search": dict(self.safe_search)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` said; TypeError or ValueError where it is something else."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        return cls(**known)

    def addresses(self) -> dict[str, IPv4Address]:
        """Return the names of search machines and where they lead; the list's own count before ours."""
        return {**SAFE_SEARCH, **{name: IPv4Address(ip) for name, ip in self.safe_search.items()}}


def read_filter(paths: NetworkPaths) -> Filter:
    """Return the list in use; one whose files are damaged counts as none."""
    try:
        values = json.loads(paths.filter.read_bytes())
        found = Filter.from_dict(values)
        found.addresses()
        return found if paths.blocked.is_file() or not found.is_there else Filter()
    except (OSError, ValueError, TypeError, AttributeError):
        return Filter()


def most_domains(ram_bytes: int) -> int:
    """Return how many domains a machine takes; the kernel keeps some of a board's memory for itself."""
    board_mb = max(1, round(ram_bytes / (_BOARD_MB // 2 * _MIB))) * (_BOARD_MB // 2)
    return board_mb * _DOMAINS_PER_MB if ram_bytes else _BOARD_MB * _DOMAINS_PER_MB


def take_filter(hub: HubPaths, paths: NetworkPaths, *, ram_bytes: int) -> tuple[Filter, bool]:
    """Take the installed list if it is another one; return what is in use, and whether that is new.

    Raises:
        OSError: the disk refuses; the list before is still whole.
    """
    now = read_filter(paths)
    found = _find_pack(hub)
    if found is None:
        return now, False
    pack_id, version, details = found
    if (pack_id, version) in ((now.pack_id, now.version), (now.pack_id, now.refused_version)):
        return now, False
    try:
        source = hub.packs / pack_id / str(version) / "files" / DOMAINS
        taken = _convert(source, hub.dir.stat().st_uid, paths, details, ram_bytes)
    except WrongLineError as error:
        refused = Filter.from_dict(
            now.to_dict() | {"refused": f"{pack_id} {version}: {error}", "refused_version": version}
        )
        _write(paths, refused)
        return refused, False
    taken = Filter(pack_id, version, taken.domains, taken.safe_search)
    _write(paths, taken)
    return taken, True


def _find_pack(hub: HubPaths) -> tuple[str, int, dict[str, Any]] | None:
    """Return the installed filter, the first by its id; None without one, or without a hub.db to read."""
    try:
        with closing(open_to_read(hub.db)) as connection:
            row = connection.execute(_QUERY).fetchone()
            return None if row is None else (str(row[0]), int(row[1]), json.loads(row[2]))
    except (sqlite3.Error, ValueError):
        return None


def _convert(
    source: Path, owner: int, paths: NetworkPaths, details: dict[str, Any], ram_bytes: int
) -> Filter:
    """Write blocked.conf from a list that is whole and right; else WrongLineError, and nothing changed."""
    safe_search = _read_safe_search(details.get("safe_search"))
    expected = details.get("domains")
    if isinstance(expected, int) and expected > most_domains(ram_bytes):
        message = f"expected at most {most_domains(ram_bytes)} domains on this machine, got {expected}"
        raise WrongLineError(message)
    paths.kept.mkdir(parents=True, exist_ok=True)
    part = paths.blocked.with_suffix(".part")
    digest = hashlib.sha256()
    count = 0
    with _open(source, owner) as lines, part.open("w", encoding="ascii") as out:
        for name in read_domains(_hashed(lines, digest)):
            out.write(f"server=/{name}/\n")
            count += 1
        out.flush()
        os.fsync(out.fileno())
    if (count, digest.hexdigest()) != (expected, details.get("sha256")):
        part.unlink()
        raise WrongLineError(f"expected {expected} domains as they were signed, got {count} or others")
    part.chmod(0o644)
    part.replace(paths.blocked)
    fsync_dir(paths.kept)
    return Filter(domains=count, safe_search=safe_search)


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


def _open(source: Path, owner: int) -> TextIO:
    """Open a file of the hub's own account; we are root, and a link could lead anywhere."""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        raise WrongLineError(f"{DOMAINS} is no file of this hub") from error
    found = os.fstat(descriptor)
    if found.st_uid != owner or not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise WrongLineError(f"{DOMAINS} is no file of this hub")
    return os.fdopen(descriptor, encoding="ascii", errors="replace", newline="\n")


def _hashed(lines: TextIO, digest: "hashlib._Hash") -> Iterator[str]:
    while line := lines.readline(MAX_LINE + 1):
        digest.update(line.encode("utf-8"))
        yield line


def _write(paths: NetworkPaths, value: Filter) -> None:
    write_durably(paths.filter, json.dumps({"format": FORMAT, **value.to_dict()}).encode())

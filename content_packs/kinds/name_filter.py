"""The kind "filter": names that a class's DNS does not answer, and safe search. No lesson: nobody opens it.

docs/format/filter-v1.md.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from content_packs.blocklist import (
    DOMAINS,
    MAX_DOMAINS,
    MAX_LINE,
    MAX_SAFE_SEARCH,
    SAFE_SEARCH,
    WrongLineError,
    check_address,
    check_domain,
    read_domains,
    read_safe_search,
)
from content_packs.errors import BadSourceError
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import Member, check_list, check_members, number, text
from content_packs.source import Finding, PackSource

_DETAILS = {"domains": number(least=1, most=MAX_DOMAINS), "sha256": text(64, shortest=64)}
_SAFE_SEARCH = {
    "name": Member("a domain", lambda value: isinstance(value, str) and not check_domain(value)),
    "address": Member(
        "a public IPv4 address", lambda value: isinstance(value, str) and not check_address(value)
    ),
}
_ORDER_HINT = "`central` writes such lists; do not edit them by hand."


def _check_details(details: Mapping[str, Any]) -> Iterator[str]:
    yield from check_members(details, _DETAILS)
    yield from check_list(details, "safe_search", _SAFE_SEARCH, longest=MAX_SAFE_SEARCH)


def _check(source: PackSource) -> Iterator[Finding]:
    names = {file.path: file.location for file in source.files}
    if DOMAINS not in names:
        yield Finding(source.place("."), f"has no {DOMAINS}", "It holds the domains to block, one a line.")
        return
    for name, read in ((DOMAINS, _count), (SAFE_SEARCH, _read_safe_search)):
        if name in names:
            try:
                read(names[name])
            except WrongLineError as error:
                yield Finding(source.place(name), str(error), _ORDER_HINT)
    for name in sorted(names.keys() - {DOMAINS, SAFE_SEARCH}):
        yield Finding(source.place(name), "is no part of a filter: no hub reads it", severity="warning")


def _describe(source: PackSource, _: Workshop) -> Described:
    names = {file.path: file.location for file in source.files}
    try:
        details = {
            "domains": _count(names[DOMAINS]),
            "sha256": hashlib.sha256(names[DOMAINS].read_bytes()).hexdigest(),
            "safe_search": [
                {"name": name, "address": str(address)}
                for name, address in (
                    _read_safe_search(names[SAFE_SEARCH]) if SAFE_SEARCH in names else {}
                ).items()
            ],
        }
    except WrongLineError as error:
        raise BadSourceError(str(error), hint=_ORDER_HINT) from error
    return Described(details, {})


def _count(path: Path) -> int:
    with path.open(encoding="ascii", errors="replace", newline="\n") as file:
        return sum(1 for _ in read_domains(iter(lambda: file.readline(MAX_LINE + 1), "")))


def _read_safe_search(path: Path) -> dict[str, Any]:
    with path.open(encoding="ascii", errors="replace", newline="\n") as file:
        return dict(read_safe_search(iter(lambda: file.readline(MAX_LINE + 1), "")))


def _documents(_: InstalledTree) -> Iterator[Document]:
    """Yield nothing: it is no lesson."""
    yield from ()


KIND = Kind("filter", _check_details, _check, _describe, _documents, for_learners=False)

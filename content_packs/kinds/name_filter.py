"""The kind "filter": names that a class's DNS does not answer, and safe search. No lesson: nobody opens it.

docs/format/filter-v1.md.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from content_packs.blocklist import (
    ALLOW,
    CATEGORIES,
    DOMAINS,
    LESSON,
    MAX_ALLOWED,
    MAX_DOMAINS,
    MAX_LINE,
    MAX_SAFE_SEARCH,
    RULES,
    SAFE_SEARCH,
    WrongLineError,
    category_of,
    check_address,
    check_apart,
    check_domain,
    read_entries,
    read_names,
    read_safe_search,
)
from content_packs.errors import BadSourceError
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import FLAG, Member, check_list, check_members, number, text
from content_packs.lesson_time import check_lesson_time
from content_packs.meta import parse_toml
from content_packs.source import Finding, PackSource

_DETAILS = {
    "domains": number(most=MAX_DOMAINS),
    "sha256": text(64, shortest=64),
    "lesson": number(most=MAX_DOMAINS),
    "lesson_sha256": text(64),
    "allowed": number(most=MAX_ALLOWED),
    "allowed_sha256": text(64),
    "lesson_time": Member(
        'a lesson time such as "mon-fri 08:30-15:00"',
        lambda value: isinstance(value, str) and not check_lesson_time(value),
    ),
    "strict_search": FLAG,
}
_SAFE_SEARCH = {
    "name": Member("a domain", lambda value: isinstance(value, str) and not check_domain(value)),
    "address": Member(
        "a public IPv4 address", lambda value: isinstance(value, str) and not check_address(value)
    ),
}
_COUNTS = {
    "category": text(40, shortest=1),
    "always": number(most=MAX_DOMAINS),
    "lesson": number(most=MAX_DOMAINS),
}
_FILES = frozenset((DOMAINS, LESSON, ALLOW, SAFE_SEARCH, RULES))
_ORDER_HINT = "`central filter compile` writes such lists; do not edit them by hand."


def _check_details(details: Mapping[str, Any]) -> Iterator[str]:
    yield from check_members(details, _DETAILS)
    yield from check_list(details, "safe_search", _SAFE_SEARCH, longest=MAX_SAFE_SEARCH)
    yield from check_list(details, "categories", _COUNTS, longest=len(CATEGORIES))
    if details.get("domains") == 0 == details.get("lesson"):
        yield "domains: expected at least one domain, got none"


def _check(source: PackSource) -> Iterator[Finding]:
    names = {file.path for file in source.files}
    if DOMAINS not in names:
        yield Finding(source.place("."), f"has no {DOMAINS}", "It holds the domains to block, one a line.")
        return
    try:
        _read(source)
    except _FaultError as fault:
        yield Finding(source.place(fault.file), str(fault), _ORDER_HINT)
    for name in sorted(names - _FILES):
        yield Finding(
            source.place(name), "is no part of a filter: no hub reads it", severity="warning", code="beside"
        )


def _describe(source: PackSource, _: Workshop) -> Described:
    try:
        return Described(_read(source), {})
    except _FaultError as fault:
        raise BadSourceError(f"{fault.file}: {fault}", hint=_ORDER_HINT) from fault


class _FaultError(Exception):
    """What is wrong with a file of a source."""

    def __init__(self, file: str, fault: object) -> None:
        super().__init__(str(fault))
        self.file = file


def _read(source: PackSource) -> dict[str, Any]:
    """Return the details of a source, all of it read; _FaultError where something is not right."""
    files = {file.path: file.location for file in source.files}
    rules = _read_rules(files.get(RULES))
    always, lesson = Counter[str](), Counter[str]()
    at = DOMAINS
    try:
        always.update(letter for _, letter in read_entries(_lines(files[DOMAINS])))
        at = LESSON
        if LESSON in files:
            entries = read_entries(_lines(files[LESSON]), most=MAX_DOMAINS - always.total())
            blocked = read_entries(_lines(files[DOMAINS]))
            lesson.update(letter for _, letter in check_apart(entries, blocked))
        at = ALLOW
        allowed = sum(1 for _ in read_names(_lines(files[ALLOW]))) if ALLOW in files else 0
        at = SAFE_SEARCH
        safe = read_safe_search(_lines(files[SAFE_SEARCH])) if SAFE_SEARCH in files else {}
    except WrongLineError as error:
        raise _FaultError(at, error) from error
    if not always and not lesson:
        raise _FaultError(DOMAINS, "the list is empty")
    if lesson and not rules["lesson_time"]:
        raise _FaultError(LESSON, f"{RULES} says no lesson_time, so nobody knows when it counts")
    return {
        "domains": always.total(),
        "sha256": _sha256(files[DOMAINS]),
        "lesson": lesson.total(),
        "lesson_sha256": _sha256(files[LESSON]) if LESSON in files else "",
        "allowed": allowed,
        "allowed_sha256": _sha256(files[ALLOW]) if ALLOW in files else "",
        **rules,
        "safe_search": [{"name": name, "address": str(address)} for name, address in safe.items()],
        "categories": _count(always, lesson),
    }


def _read_rules(path: Path | None) -> dict[str, Any]:
    values, fault = parse_toml(path.read_text(encoding="utf-8", errors="replace")) if path else ({}, None)
    if fault is not None:
        raise _FaultError(RULES, fault.message)
    lesson_time, strict = values.get("lesson_time", ""), values.get("safe_search", True)
    if not isinstance(lesson_time, str) or (wrong := check_lesson_time(lesson_time)):
        raise _FaultError(RULES, f"lesson_time: {wrong if isinstance(lesson_time, str) else 'expected text'}")
    if not isinstance(strict, bool):
        raise _FaultError(RULES, f"safe_search: expected true or false, got {strict!r:.80}")
    return {"lesson_time": lesson_time, "strict_search": strict}


def _count(always: Counter[str], lesson: Counter[str]) -> list[dict[str, Any]]:
    counts: dict[str, tuple[int, int]] = {}
    for letter in sorted(always.keys() | lesson.keys()):
        before = counts.get(category_of(letter), (0, 0))
        counts[category_of(letter)] = (before[0] + always[letter], before[1] + lesson[letter])
    return [{"category": name, "always": a, "lesson": b} for name, (a, b) in counts.items()]


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii", errors="replace", newline="\n") as file:
        yield from iter(lambda: file.readline(MAX_LINE + 1), "")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _documents(_: InstalledTree) -> Iterator[Document]:
    """Yield nothing: it is no lesson."""
    yield from ()


KIND = Kind("filter", _check_details, _check, _describe, _documents, for_learners=False)

"""The lines of a filter's two files, checked one by one: docs/format/filter-v1.md. Pure.

A wrong list is worse than none: `com` alone would take the Internet away, so what is doubtful is refused.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import AddressValueError, IPv4Address

DOMAINS = "domains.txt"
SAFE_SEARCH = "safe-search.txt"
MAX_DOMAINS = 1_000_000
MAX_SAFE_SEARCH = 500
MAX_LINE = 254  # the longest name, RFC 1035 §2.3.4, and its end of line
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{4,253}}\Z)(?:{_LABEL}\.)+{_LABEL}")
# Below these, many people have a name each: nobody blocks them all. RFC 6761 and RFC 8375 for the last ones.
_SHARED = frozenset(
    (
        *(f"{name}.ua" for name in ("com", "org", "net", "edu", "gov", "in", "co", "kiev", "kyiv", "lviv")),
        *("co.uk", "org.uk", "ac.uk", "gov.uk", "com.pl", "edu.pl", "gov.pl", "org.pl", "com.ro", "org.ro"),
        *("co.hu", "com.tr", "com.br", "com.au", "home.arpa", "in-addr.arpa", "ip6.arpa"),
    )
)
_OURS = ("lan", "local", "localhost", "internal", "arpa", "test")


class WrongLineError(ValueError):
    """A line that no filter may have; the text says which and what was expected."""


def check_domain(text: str) -> str:
    """Return what is wrong with a name to be blocked, or nothing."""
    if not _DOMAIN.fullmatch(text):
        return "expected a domain of two labels or more in lower case, such as example.com"
    last = text.rpartition(".")[2]
    if last.isdigit():
        return "expected a domain, not an address"
    if text in _SHARED or last in _OURS:
        return "is not one site: everything below it would be blocked"
    return ""


def read_domains(lines: Iterable[str]) -> Iterator[str]:
    """Yield the names of a list; raises WrongLineError at the first line that is not right.

    They stand in the order of their labels from the last to the first, none twice and none below another: so
    one look at each line is enough.
    """
    before = ""
    before_key: list[str] = []
    for number, line in enumerate(lines, 1):
        name = line.removesuffix("\n")
        fault = check_domain(name)
        if fault:
            raise WrongLineError(f"line {number}: {name[:80]!r} {fault}")
        key = order_of(name)
        if before and key <= before_key:
            raise WrongLineError(f"line {number}: {name} stands after {before}: expected another order")
        if before and key[: len(before_key)] == before_key:
            raise WrongLineError(f"line {number}: {name} is below {before}, which is blocked already")
        if number > MAX_DOMAINS:
            raise WrongLineError(f"line {number}: expected at most {MAX_DOMAINS} domains")
        before, before_key = name, key
        yield name
    if not before:
        raise WrongLineError("the list is empty")


def order_of(name: str) -> list[str]:
    """Return what a list is sorted by."""
    return name.split(".")[::-1]


def read_safe_search(lines: Iterable[str]) -> dict[str, IPv4Address]:
    """Return names and the addresses that answer for them; WrongLineError where a line is not right."""
    found: dict[str, IPv4Address] = {}
    for number, line in enumerate(lines, 1):
        name, _, address = line.removesuffix("\n").partition(" ")
        fault = check_domain(name) or check_address(address)
        if fault:
            raise WrongLineError(f"line {number}: {line.strip()[:80]!r} {fault}")
        found[name] = IPv4Address(address)
        if len(found) > MAX_SAFE_SEARCH:
            raise WrongLineError(f"line {number}: expected at most {MAX_SAFE_SEARCH} names")
    return found


def check_address(text: str) -> str:
    """Return what is wrong with an address of a search machine, or nothing."""
    try:
        is_public = IPv4Address(text).is_global
    except AddressValueError:
        is_public = False
    return "" if is_public else "expected a name and a public IPv4 address"

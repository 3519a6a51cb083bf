"""The lines of a filter's files, checked one by one: docs/format/filter-v1.md. Pure.

A wrong list is worse than none: `com` alone would take the Internet away, so what is doubtful is refused.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import AddressValueError, IPv4Address

DOMAINS = "domains.txt"  # always blocked
LESSON = "lesson.txt"  # blocked while there is a lesson
ALLOW = "allow.txt"  # left open below a blocked name
SAFE_SEARCH = "safe-search.txt"
RULES = "filter.toml"
MAX_DOMAINS = 1_000_000  # of domains.txt and lesson.txt together
MAX_ALLOWED = 10_000
MAX_SAFE_SEARCH = 500
MAX_LINE = 256  # the longest name, RFC 1035 §2.3.4, a space, a letter and the end of line
# In this order: of a name that several lists hold, the first category is told.
CATEGORIES = {
    "a": "adult",
    "b": "gambling",
    "c": "malware",
    "d": "violence",
    "e": "drugs",
    "f": "proxies",
    "g": "social",
    "h": "chat",
    "i": "games",
    "j": "video",
    "k": "shopping",
    "l": "ads",
    "z": "other",
}
OTHER = "z"
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
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
_SEPARATOR = " "  # below every character of a label, so that keys compare label by label


class WrongLineError(ValueError):
    """A line that no filter may have; the text says which and what was expected."""


def category_of(letter: str) -> str:
    """Return the category that a letter stands for; one that this program does not know is "other"."""
    return CATEGORIES.get(letter, CATEGORIES[OTHER])


def check_domain(text: str) -> str:
    """Return what is wrong with a name to be blocked, or nothing."""
    if not _DOMAIN.fullmatch(text):
        return "expected a domain of two labels or more in lower case, such as example.com"
    last = text[text.rindex(".") + 1 :]
    if last.isdigit():
        return "expected a domain, not an address"
    if text in _SHARED or last in _OURS:
        return "is not one site: everything below it would be blocked"
    return ""


def read_entries(lines: Iterable[str], *, most: int = MAX_DOMAINS) -> Iterator[tuple[str, str]]:
    """Yield the names of a list and the letters of their categories; WrongLineError at the first wrong line.

    Names stand in the order of `order_of`, none twice and none below another: one look at each is enough.
    """
    before = _Before(most)
    for number, line in enumerate(lines, 1):
        name, _, letter = line.removesuffix("\n").partition(" ")
        if letter not in _LETTERS:
            before.refuse(number, line, "expected a domain, a space and the letter of a category")
        before.step(number, name)
        yield name, letter


def read_names(lines: Iterable[str], *, most: int = MAX_ALLOWED) -> Iterator[str]:
    """Yield the names of a list without categories, under the same rules."""
    before = _Before(most)
    for number, line in enumerate(lines, 1):
        name = line.removesuffix("\n")
        before.step(number, name)
        yield name


class _Before:
    """What a list held up to here."""

    def __init__(self, most: int) -> None:
        self._most, self._name, self._key = most, "", ""

    def step(self, number: int, name: str) -> None:
        """Take one name more; WrongLineError where it is not right there."""
        if fault := check_domain(name):
            self.refuse(number, name, fault)
        key = order_of(name)
        if self._name and key <= self._key:
            raise WrongLineError(f"line {number}: {name} stands after {self._name}: expected another order")
        if self._name and key.startswith(self._key + _SEPARATOR):
            raise WrongLineError(f"line {number}: {name} is below {self._name}, which the list holds already")
        if number > self._most:
            raise WrongLineError(f"line {number}: expected at most {self._most} domains")
        self._name, self._key = name, key

    @staticmethod
    def refuse(number: int, text: str, fault: str) -> None:
        """Raise what is wrong with a line."""
        raise WrongLineError(f"line {number}: {text.strip()[:80]!r} {fault}")


def check_apart(
    lesson: Iterable[tuple[str, str]], always: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield the entries of `lesson`; WrongLineError where one falls under a name that is always blocked."""
    for entry, above in beneath(lesson, always):
        if above:
            raise WrongLineError(f"{entry[0]} is always blocked, by {above}: expected it in {DOMAINS} only")
        yield entry


def beneath(
    entries: Iterable[tuple[str, str]], others: Iterable[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield each entry, and the name of `others` that it is, or lies below; empty: none.

    Both stand in the order of a list, and no name of `others` is below another.
    """
    names = (name for name, _ in others)
    last, following = "", next(names, "")
    for entry in entries:
        key = order_of(entry[0])
        while following and order_of(following) <= key:
            last, following = following, next(names, "")
        yield entry, last if last and is_below(entry[0], last) else ""


def order_of(name: str) -> str:
    """Return what a list is sorted by: the labels from the last to the first."""
    return _SEPARATOR.join(name.split(".")[::-1])


def name_of(key: str) -> str:
    """Return the name that `order_of` made the key of: the same turn again."""
    return ".".join(key.split(_SEPARATOR)[::-1])


def is_below(name: str, parent: str) -> bool:
    """Whether a name is `parent` or below it."""
    return name == parent or name.endswith("." + parent)


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

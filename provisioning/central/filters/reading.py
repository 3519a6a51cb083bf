"""Names out of a list of any of the usual forms: plain, hosts, dnsmasq, AdBlock. Pure.

Tolerant of form and strict in meaning: what does not say "block this whole domain" is left out, and counted
with its reason. What would block far more than anybody means makes a list wrong.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

from content_packs.blocklist import check_domain, is_below

MAX_EXAMPLES = 3  # of each reason
_MAX_LINE = 4096
_OF_THIS_MACHINE = frozenset(
    (
        *("localhost", "localhost.localdomain", "local", "localdomain", "broadcasthost", "0.0.0.0"),  # noqa: S104
        *("ip6-localhost", "ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes"),
        *("ip6-allrouters", "ip6-allhosts"),
    )
)
_DNSMASQ = re.compile(r"(?:address|server|local)=/([^=]*)/([^/]*)")
_ADBLOCK = re.compile(r"\|\|([^\^/$*|]+)\^?\|?(?:\$(.*))?")
_WHOLE_SITE = frozenset(("important", "all", "document", "doc", "popup", "third-party", "3p"))
_COSMETIC = re.compile(r"#[@?$%]*#")

NO_DOMAIN = "a rule for a part of a page, or with conditions"
EXCEPTION = "an exception of an AdBlock list: put it into an allow list"
ONE_PAGE = "an address of one page, not of a whole site"
ADDRESS = "an IP address, not a name"
ONE_WORD = "one word, no name of the Internet"
NO_NAME = "no name that DNS can have"
LOOKED_UP = "names to be looked up elsewhere, not blocked"


@dataclass(slots=True)
class LeftOut:
    """How many lines were left out for one reason, and the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, number: int, text: str) -> None:
        """Count one line more."""
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"line {number}: {text[:80]}")


@dataclass(slots=True)
class Reading:
    """What a list says besides its names. `wrong` would block far more than one site, or the hub itself."""

    left_out: dict[str, LeftOut] = field(default_factory=dict)
    wrong: dict[str, LeftOut] = field(default_factory=dict)

    def leave(self, reason: str, *, number: int, text: str) -> None:
        """Leave a line out."""
        self.left_out.setdefault(reason, LeftOut()).add(number, text)

    def refuse(self, reason: str, number: int, text: str) -> None:
        """Note a name that no list may have."""
        self.wrong.setdefault(reason, LeftOut()).add(number, text)


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def read_names(lines: Iterable[str], reading: Reading, *, own: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the names of a list, in its order and as often as it has them; `own` are names of the office."""
    for number, line in enumerate(lines, 1):
        text = line.strip().lstrip("\ufeff")
        if len(line) > _MAX_LINE:
            reading.leave(NO_NAME, number=number, text=text)
        elif text and not text.startswith(("#", "!", ";", "[")):
            for word in _words(text, partial(reading.leave, number=number, text=text)):
                name = _plain(word)
                if name in _OF_THIS_MACHINE:
                    continue
                fault = check_domain(name) if name else NO_NAME
                if wrong := _wrong(name, own):
                    reading.refuse(wrong, number, name)
                elif fault:
                    reading.leave(_reason(name), number=number, text=text)
                else:
                    yield name


def _words(text: str, leave: Callable[[str], None]) -> Iterator[str]:
    """Yield the words of a line that are meant as names to block."""
    if text.startswith("@@"):
        leave(EXCEPTION)
    elif text.startswith("||"):
        yield from _adblock(text, leave)
    elif found := _DNSMASQ.match(text):
        if text.startswith("server=") and found[2].strip():
            leave(LOOKED_UP)
        else:
            yield from found[1].split("/")
    elif _COSMETIC.search(text) or text.startswith(("/", "|", "-", "&", "?", "$")):
        leave(NO_DOMAIN)
    else:
        yield from _plain_words(text.partition("#")[0].split(), leave)


def _adblock(text: str, leave: Callable[[str], None]) -> Iterator[str]:
    found = _ADBLOCK.fullmatch(text.partition(" #")[0].strip())
    options = set((found[2] or "").split(",")) - {""} if found else set()
    if found is None or not options <= _WHOLE_SITE:
        leave(NO_DOMAIN)
    else:
        yield found[1]


def _plain_words(words: list[str], leave: Callable[[str], None]) -> Iterator[str]:
    if len(words) > 1 and not _is_address(words[0]):
        leave(NO_NAME)
        return
    names = words[1:] if len(words) > 1 else words
    for word in names:
        if word in _OF_THIS_MACHINE:
            continue
        if "://" not in word and _is_address(word):
            leave(ADDRESS)
        elif "/" not in word.rstrip("/"):
            yield word.rstrip("/")
        elif _is_site(word):
            yield urlsplit(word).hostname or ""
        else:
            leave(ONE_PAGE)


@lru_cache(maxsize=64)  # a hosts file has the same one in each line
def _is_address(word: str) -> bool:
    if not word[-1:].isdigit() and ":" not in word:
        return False
    try:
        ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_site(word: str) -> bool:
    try:
        parts = urlsplit(word)
    except ValueError:
        return False
    return bool(parts.hostname) and parts.path in ("", "/") and not parts.query


def _plain(word: str) -> str:
    """Return a name as the format has it; empty where it cannot be one."""
    name = word.strip().lower().removeprefix("*").strip(".")
    if name.isascii():
        return name
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _wrong(name: str, own: tuple[str, ...]) -> str:
    """Return why a list with this name is wrong as a whole, or nothing."""
    if name in ("lan", "hub") or name.endswith((".lan", ".local", ".internal")):
        return "a name of the school's own network, as the hub's are"
    if _suffixes().is_public(name):
        return "a suffix below which many people have sites: all of them would be blocked"
    if any(is_below(name, mine) or is_below(mine, name) for mine in own):
        return "a name of the office: no school would reach it"
    return ""


def _reason(name: str) -> str:
    if not name:
        return NO_NAME
    if _is_address(name):
        return ADDRESS
    return NO_NAME if "." in name else ONE_WORD

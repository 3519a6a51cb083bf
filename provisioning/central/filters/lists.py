"""The office's lists of names: read once, kept sorted and without repetition in filters/lists."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from content_packs.blocklist import CATEGORIES, MAX_ALLOWED, MAX_DOMAINS, name_of, order_of
from content_packs.depot import is_pack_id
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, UsageError, local_error
from provisioning.central.cards import DEPOT_NOTE
from provisioning.central.filters.reading import Reading, read_names
from provisioning.central.filters.tables import FilterTables, NameList, Policy
from provisioning.central.fleet import Fleet, iso
from provisioning.central.office import Office

_HASH_DIGITS = 16
MAX_BYTES = 256 * 1024 * 1024
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a file."""

    list: NameList
    reading: Reading
    repeated: int  # names that were there already, or below another
    before: int | None  # domains of the list of this name before; None: there was none


def list_file(office: Office, each: NameList) -> Path:
    """Return where the names of a list lie: by their hash, so that a replaced one stays whole until then."""
    return _folder(office) / f"{each.name}.{each.sha256[:_HASH_DIGITS]}.txt"


def _folder(office: Office) -> Path:
    return office.filters / "lists"


def _remove_former(office: Office, tables: FilterTables) -> None:
    """Remove what no row names: of lists that were replaced or removed, and of work that was cut short.

    Only what the rows named before this change began is known to be right if the power goes now.
    """
    named = {list_file(office, each) for each in tables.list_lists()}
    for path in _folder(office).glob("*"):
        if path not in named:
            path.unlink(missing_ok=True)


def add_list(
    office: Office,
    fleet: Fleet,
    name: str,
    path: Path,
    *,
    category: str,
    now: datetime,
    leave_out: bool = False,
    dry_run: bool = False,
) -> Added:
    """Take a file of names in, in place of the list of this name; `category` empty: what stays open.

    With `leave_out` names that no list may have are left out; else one of them refuses the whole list.

    Raises:
        UsageError: the name or the category is none.
        BadDataError: no name is left, too many are, or one would block far more than a site.
    """
    check_name("list", name)
    if category and category not in CATEGORIES.values():
        raise UsageError(f"--category {category}: not known", hint=_suggest(category, CATEGORIES.values()))
    reading = Reading()
    keys = [order_of(each) for each in read_names(_lines(path), reading, own=office_names(fleet))]
    if reading.wrong and not leave_out:
        raise BadDataError(f"{path}: {_first_wrong(reading)}", hint=_WRONG_HINT)
    keys.sort()
    kept = list(collapse(keys))
    most = MAX_DOMAINS if category else MAX_ALLOWED
    if not 1 <= len(kept) <= most:
        raise BadDataError(
            f"{path}: expected 1 to {most} names, got {len(kept)}", hint="See --dry-run for what is left out."
        )
    data = "".join(f"{name_of(key)}\n" for key in kept).encode()
    tables = FilterTables(fleet)
    before = next((each.domains for each in tables.list_lists() if each.name == name), None)
    added = NameList(name, category, len(kept), sha256(data).hexdigest(), path.name, iso(now))
    if not dry_run:
        try:
            _remove_former(office, tables)
            write_durably(list_file(office, added), data)
        except OSError as error:
            raise local_error(error, f"keeping the list {name}") from error
    tables.save_list(added)
    return Added(added, reading, len(keys) - len(kept), before)


_WRONG_HINT = "Take it out of the file, or say --leave-out to take the rest of the list."


def remove_list(office: Office, fleet: Fleet, name: str, *, dry_run: bool = False) -> NameList:
    """Forget a list; UsageError where there is none, or a policy opens what it says."""
    tables = FilterTables(fleet)
    found = find_list(tables, name)
    users = [policy.name for policy in tables.list_policies() if name in policy.allow_lists]
    if users:
        raise UsageError(
            f"list {name}: the policy {users[0]} has it as an allow list",
            hint=f"First: central filter policy set {users[0]} … without it.",
        )
    if not dry_run:
        _remove_former(office, tables)
    tables.delete_list(
        name
    )  # its file goes with the next change: if this one is cut short, the list is there
    return found


def find_list(tables: FilterTables, name: str) -> NameList:
    """Return a list by its name; UsageError where there is none."""
    known = {each.name: each for each in tables.list_lists()}
    if name not in known:
        raise UsageError(f"no list {name}", hint=_suggest(name, known))
    return known[name]


def find_policy(tables: FilterTables, name: str) -> Policy:
    """Return a policy by its name; UsageError where there is none."""
    known = {each.name: each for each in tables.list_policies()}
    if name not in known:
        raise UsageError(f"no policy {name}", hint=_suggest(name, known))
    return known[name]


def check_name(what: str, name: str) -> None:
    """Refuse a name that could be no file or pack of ours."""
    if not is_pack_id(name) or len(name) > 40:
        raise UsageError(
            f"{what} {name!r:.60}: expected lower-case letters, digits and single '-', at most 40",
            hint="For example primary or ut1-gambling.",
        )


def office_names(fleet: Fleet) -> tuple[str, ...]:
    """Return the name of the depot's host: a school that looks it up shall find it."""
    host = urlsplit(fleet.note(DEPOT_NOTE)).hostname or ""
    return (host.lower(),) if "." in host and not host.replace(".", "").isdigit() else ()


def collapse(keys: Iterable[str]) -> Iterator[str]:
    """Yield sorted keys once each, without those below another."""
    last = ""
    for key in keys:
        if not last or (key != last and not key.startswith(last + " ")):
            last = key
            yield key


def read_list(office: Office, each: NameList) -> Iterator[str]:
    """Yield the keys of a list in order.

    Raises:
        BadDataError: its file is not what was kept.
    """
    path = list_file(office, each)
    digest = sha256()
    try:
        with path.open("rb") as file:
            for line in file:
                digest.update(line)
                yield order_of(line.decode("ascii").rstrip("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadDataError(f"{path}: cannot be read: {error}", hint=_ADD_ANEW) from error
    if digest.hexdigest() != each.sha256:
        raise BadDataError(f"{path}: expected the {each.domains} names that were kept", hint=_ADD_ANEW)


_ADD_ANEW = "Add the list anew: central filter list add NAME FILE …"


def _lines(path: Path) -> Iterator[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadDataError(f"{path}: expected at most {MAX_BYTES} bytes, got {path.stat().st_size}")
        with path.open("rb") as file:
            encoding = "utf-16" if file.read(2) in _UTF16 else "utf-8"
        with path.open(encoding=encoding, errors="replace", newline=None) as text:
            yield from iter(lambda: text.readline(_MAX_READ), "")
    except OSError as error:
        raise local_error(error, f"reading {path}") from error


_MAX_READ = 65_536


def _first_wrong(reading: Reading) -> str:
    reason, found = next(iter(reading.wrong.items()))
    more = sum(each.count for each in reading.wrong.values()) - 1
    return f"{found.examples[0]} is {reason}" + (f"; {more} more" if more else "")


def _suggest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]}?" if close else f"There are: {', '.join(names) or 'none yet'}."

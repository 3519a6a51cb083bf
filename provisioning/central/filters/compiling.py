"""A policy becomes a pack source: lists are merged as they stream, so a million names take little memory."""

import heapq
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from pathlib import Path

from content_packs.blocklist import (
    ALLOW,
    CATEGORIES,
    DOMAINS,
    LESSON,
    MAX_ALLOWED,
    MAX_DOMAINS,
    RULES,
    beneath,
    name_of,
    order_of,
)
from content_packs.errors import BadDataError
from provisioning.central.filters.lists import collapse, office_names, read_list
from provisioning.central.filters.tables import FilterTables, NameList, Policy
from provisioning.central.fleet import Fleet
from provisioning.central.office import Office

MAX_EXAMPLES = 20
_LETTERS = {category: letter for letter, category in CATEGORIES.items()}
FILES = (DOMAINS, LESSON, ALLOW, RULES)
Entry = tuple[str, str]  # key, letter


@dataclass(slots=True)
class Compiled:
    """What a policy became. `opened`: names of block lists that an allow list, or an answer, keeps open."""

    policy: Policy
    always: Counter[str] = field(default_factory=Counter)  # category → names
    lesson: Counter[str] = field(default_factory=Counter)
    allowed: int = 0
    opened: Counter[str] = field(default_factory=Counter)  # allowed name → blocked names that go
    idle: list[str] = field(default_factory=list)  # allowed names that nothing blocks
    without: list[str] = field(default_factory=list)  # categories that no list has
    sha256: str = ""  # of all its files

    @property
    def total(self) -> int:
        """Names that are blocked, always or in lessons."""
        return self.always.total() + self.lesson.total()


def compile_policy(office: Office, fleet: Fleet, policy: Policy, folder: Path) -> Compiled:
    """Write the files of a policy's pack, but for pack.toml, into an empty folder.

    Raises:
        BadDataError: nothing is blocked, too much is, or the office's own host would be.
    """
    tables = FilterTables(fleet)
    lists = tables.list_lists()
    done = Compiled(policy)
    done.without = [c for c in policy.block + policy.lesson_block if c not in {x.category for x in lists}]
    allowed = _allowed(office, tables, policy, lists)
    if len(allowed) > MAX_ALLOWED:
        raise BadDataError(f"{policy.name}: expected at most {MAX_ALLOWED} allowed names, got {len(allowed)}")
    own = office_names(fleet)
    work = _Work(office, lists, frozenset(allowed), own, done)
    always = work.stream(policy.block, done.always)
    _write(folder / DOMAINS, (f"{name} {letter}\n" for name, letter in always))
    if policy.lesson_block:
        lesson = work.stream(policy.lesson_block, done.lesson, apart_from=folder / DOMAINS)
        _write(folder / LESSON, (f"{name} {letter}\n" for name, letter in lesson))
    if not done.total:
        raise BadDataError(
            f"policy {policy.name}: no name would be blocked",
            hint=f"Add lists of its categories: {', '.join(done.without) or ', '.join(policy.block)}.",
        )
    if not done.lesson:
        (folder / LESSON).unlink(missing_ok=True)
    _write_allowed(folder, sorted(map(order_of, allowed)), done)
    lesson_time = policy.lesson_time if done.lesson else ""
    rules = f'lesson_time = "{lesson_time}"\nsafe_search = {str(policy.safe_search).lower()}\n'
    (folder / RULES).write_text(rules, encoding="ascii")
    done.sha256 = digest_of(folder)
    return done


@dataclass(frozen=True, slots=True)
class _Work:
    office: Office
    lists: Sequence[NameList]
    allowed: frozenset[str]
    own: tuple[str, ...]
    done: Compiled

    def stream(
        self, categories: Iterable[str], count: "Counter[str]", *, apart_from: Path | None = None
    ) -> Iterator[Entry]:
        """Yield the names of some categories and their letters: in order, each once, none below another."""
        entries = self._open(_first_letters(heapq.merge(*self._lists_of(categories))))
        if apart_from is not None:
            entries = (entry for entry, under in beneath(entries, read_pairs(apart_from)) if not under)
        for name, letter in entries:
            count[CATEGORIES[letter]] += 1
            if self.done.total > MAX_DOMAINS:
                raise BadDataError(
                    f"policy {self.done.policy.name}: expected at most {MAX_DOMAINS} names, got more",
                    hint="Leave a category out, or take a shorter list.",
                )
            if name in self.own:
                raise BadDataError(f"{name} is the depot's own host: no list may block it")
            yield name, letter

    def _lists_of(self, categories: Iterable[str]) -> Iterator[Iterator[Entry]]:
        for category in categories:
            for each in self.lists:
                if each.category == category:
                    yield _lettered(read_list(self.office, each), _LETTERS[category])

    def _open(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Leave out what an allow list opens: that name, and all below it."""
        for name, letter in entries:
            above = next((n for n in _ancestors(name) if n in self.allowed), None) if self.allowed else None
            if above is None:
                yield name, letter
            else:
                self.done.opened[above] += 1


def _lettered(keys: Iterator[str], letter: str) -> Iterator[Entry]:
    return ((key, letter) for key in keys)


def _first_letters(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield sorted entries as names, once each; of several categories the first letter counts."""
    last = ""
    for key, letter in entries:
        if not last or (key != last and not key.startswith(last + " ")):
            last = key
            yield name_of(key), letter


def _ancestors(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.partition(".")[2]


def _allowed(office: Office, tables: FilterTables, policy: Policy, lists: Sequence[NameList]) -> set[str]:
    """Return what stays open: the policy's allow lists, and what was answered to appeals."""
    names = {
        name_of(key) for each in lists if each.name in policy.allow_lists for key in read_list(office, each)
    }
    answers = [answer for answer in tables.list_answers() if answer.policy == policy.name]
    return names | {answer.name for answer in answers if answer.verdict == "allow"}


def _write_allowed(folder: Path, keys: Sequence[str], done: Compiled) -> None:
    """Write the allowed names that lie below a blocked one; of the others nothing need be said."""
    kept = [(name_of(key), "") for key in collapse(keys)]
    blocked = heapq.merge(
        *(map(_keyed, read_pairs(folder / name)) for name in (DOMAINS, LESSON) if (folder / name).exists())
    )
    pairs = ((name_of(key), letter) for key, letter in blocked)
    needed = [name for (name, _), under in beneath(kept, _collapsed(pairs)) if under]
    idle = {name for name, _ in kept} - set(needed) - done.opened.keys()
    done.idle = sorted(idle)[:MAX_EXAMPLES]
    done.allowed = len(needed)
    if needed:
        _write(folder / ALLOW, (f"{name}\n" for name in needed))


def _keyed(pair: Entry) -> Entry:
    return order_of(pair[0]), pair[1]


def _collapsed(pairs: Iterable[Entry]) -> Iterator[Entry]:
    """Yield sorted names without those below another: a lesson's name may lie above one of always."""
    return _first_letters(map(_keyed, pairs))


def read_pairs(path: Path) -> Iterator[Entry]:
    """Yield the names and letters of a file that was written here."""
    with path.open(encoding="ascii") as file:
        for line in file:
            name, _, letter = line.rstrip("\n").partition(" ")
            yield name, letter


def _write(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(lines)


def digest_of(folder: Path) -> str:
    """Return a hash of what a pack's files say; empty where there are none."""
    found = sha256()
    for name in FILES:
        if (folder / name).is_file():
            with (folder / name).open("rb") as file:
                found.update(f"{name} {file_digest(file, 'sha256').hexdigest()}\n".encode())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Difference:
    """What a file says more and less than one before, with the first names of each."""

    added: int = 0
    removed: int = 0
    first_added: tuple[str, ...] = ()
    first_removed: tuple[str, ...] = ()


def compare(before: Path, after: Path, name: str) -> Difference:
    """Return how one file of two folders differs; a missing one counts as empty."""
    old, new = (map(order_of, _names(folder / name)) for folder in (before, after))
    counts, first = Counter[str](), {"+": list[str](), "-": list[str]()}
    for sign, key in _changes(old, new):
        counts[sign] += 1
        if len(first[sign]) < MAX_EXAMPLES:
            first[sign].append(name_of(key))
    return Difference(counts["+"], counts["-"], tuple(first["+"]), tuple(first["-"]))


def _names(path: Path) -> Iterator[str]:
    return (name for name, _ in read_pairs(path)) if path.is_file() else iter(())


def _changes(old: Iterator[str], new: Iterator[str]) -> Iterator[Entry]:
    one, other = next(old, None), next(new, None)
    while one is not None or other is not None:
        if one == other:
            one, other = next(old, None), next(new, None)
        elif other is None or (one is not None and one < other):
            yield "-", one or ""
            one = next(old, None)
        else:
            yield "+", other
            other = next(new, None)


def replace_folder(made: Path, target: Path) -> None:
    """Put a folder in another's place; what a crash leaves is made again by the next run."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)

"""Blocked sites that somebody asks the office to open: counted by name, told with the next report, forgotten.

Nothing says who asked. The queue is short: what does not fit is told to the person, not kept.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self

from content_packs.blocklist import check_domain, is_below
from content_packs.durable import locked, write_durably
from content_packs.errors import local_error
from hub.events import AppealBody
from hub.settings import HubPaths

MAX_APPEALS = 50  # names that wait
MAX_BELOW = 3  # of them below one blocked name: anybody can think of more
MAX_REASON = 200  # characters
_MAX_COUNT = 10_000
_FORMAT = 1
_FIRST_NUMBERS = 2**31
Outcome = Literal["new", "again", "full"]


@dataclass(frozen=True, slots=True)
class Appeal:
    """What is asked of one name; the newest reason that somebody gave is kept."""

    name: str
    category: str
    count: int = 1
    reason: str = ""

    @classmethod
    def from_dict(cls, values: Any) -> Self:  # noqa: ANN401 - of a file
        """Return what a file says; ValueError, KeyError or TypeError where it says something else."""
        found = cls(str(values["name"]), str(values["category"]), int(values["count"]), str(values["reason"]))
        if check_domain(found.name) or found.count < 1:
            raise ValueError(found.name)
        return found


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for the next report; `number` is another one after each, so that none is told twice."""

    number: int = 0  # 0: nothing was ever asked
    filter: str = ""  # "filter-primary@7": which one blocked them
    appeals: tuple[Appeal, ...] = ()


def read_queue(paths: HubPaths) -> Queue:
    """Return what waits; nothing where the file is not there or damaged."""
    try:
        values = json.loads(paths.appeals.read_bytes())
        found = tuple(Appeal.from_dict(each) for each in values["appeals"][:MAX_APPEALS])
        return Queue(int(values["number"]), str(values["filter"]), found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Queue()


def appeal(
    paths: HubPaths,
    name: str,
    *,
    category: str,
    reason: str,
    used: str,
    give_way: Callable[[Sequence[Appeal]], str | None] = lambda _: None,
) -> Outcome:
    """Note that somebody asks for a name, in the form of `counted_as`; `used` is the filter that blocks it.

    Where there is no room, `give_way` may name one that waits and goes for it.

    Raises:
        LocalError: the disk refuses.
    """
    with _changing(paths):
        queue = read_queue(paths)
        before = next((each for each in queue.appeals if each.name == name), None)
        if before is None and len(queue.appeals) >= MAX_APPEALS:
            gone = give_way(queue.appeals)
            if gone is None:
                return "full"
            queue = replace(queue, appeals=tuple(each for each in queue.appeals if each.name != gone))
        said = plain_reason(reason)
        if before is None:
            added = Appeal(name, category, reason=said)
        else:
            added = replace(before, count=min(before.count + 1, _MAX_COUNT), reason=said or before.reason)
        others = tuple(each for each in queue.appeals if each.name != name)
        number = queue.number or secrets.randbelow(_FIRST_NUMBERS) + 1  # never that of a queue that was lost
        _write(paths, Queue(number, used, (*others, added)))
        return "again" if before else "new"


def counted_as(queue: Queue, name: str, listed: str) -> str:
    """Return the name by which a question is counted: the blocked one, where several below it wait."""
    waiting = [each.name for each in queue.appeals if is_below(each.name, listed)]
    is_several = name not in waiting and len(waiting) >= MAX_BELOW
    return listed if is_several and not check_domain(listed) else name


def plain_reason(text: str) -> str:
    """Return a reason in one line of at most MAX_REASON characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line[:MAX_REASON].strip()


def to_body(queue: Queue) -> AppealBody | None:
    """Return what a report says of a queue; None where nothing waits."""
    if not queue.appeals:
        return None
    return AppealBody(
        number=queue.number,
        filter=queue.filter,
        asked={each.name: each.count for each in queue.appeals},
        category={each.name: each.category for each in queue.appeals},
        reason={each.name: each.reason for each in queue.appeals if each.reason},
    )


def forget(paths: HubPaths, told: AppealBody) -> None:
    """Forget what was told; who asked meanwhile stays for the report after.

    Raises:
        LocalError: the disk refuses.
    """
    with _changing(paths):
        queue = read_queue(paths)
        if queue.number != told.number:
            return
        left = (replace(each, count=each.count - told.asked.get(each.name, 0)) for each in queue.appeals)
        kept = tuple(each for each in left if each.count > 0)
        _write(paths, replace(queue, number=queue.number + 1, appeals=kept))


@contextmanager
def _changing(paths: HubPaths) -> Iterator[None]:
    """Hold the queue's lock, and say what an error of the disk means."""
    try:
        with locked(paths.lock("appeals"), doing="noting an appeal", wait=True):
            yield
    except OSError as error:
        raise local_error(error, "noting an appeal") from error


def _write(paths: HubPaths, queue: Queue) -> None:
    write_durably(
        paths.appeals, json.dumps({"format": _FORMAT, **asdict(queue)}, ensure_ascii=False).encode()
    )

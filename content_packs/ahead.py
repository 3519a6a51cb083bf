"""Work on several things at a time, and take the results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_ahead(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[tuple[_Item, _Result]]:
    """Yield each item with what `work` makes of it, in order; as many as there are processors are in memory.

    Of use where `work` lets go of Python's lock, as compression does.
    """
    workers = os.cpu_count() or 1
    running: deque[tuple[_Item, Future[_Result]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            running.append((item, pool.submit(work, item)))
            if len(running) > workers:
                done, future = running.popleft()
                yield done, future.result()
        for done, future in running:
            yield done, future.result()

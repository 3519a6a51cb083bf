"""Which devices asked the office for which blocked sites, so that one of them does not crowd out the others.

In this process's memory only, while a name waits for the next report, and no longer than a school day: it is
on no disk, in no log, and the report has nothing of it.
"""

import secrets
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from threading import Lock

from hub.appeals import Appeal

_SEVERAL, _WITHIN_S, _MAX_DEVICES = 5, 600.0, 1000
MAX_EACH = 5  # names of one device that wait
_KEPT_FOR_S = 12 * 3600.0
_UNKNOWN = ""  # asked before this process began, or too long ago


class Askers:
    """Devices by address; times are seconds of a clock that only goes on. One thread at a time: `lock`."""

    def __init__(self, choose: Callable[[Sequence[str]], str] = secrets.choice) -> None:
        self.lock = Lock()
        self._choose = choose
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._asked: dict[str, dict[str, float]] = {}  # name → device → when

    def may(self, address: str, *, now: float) -> bool:
        """Whether a device may ask once more; where it may, that is counted."""
        times = self._times.setdefault(address, deque(maxlen=_SEVERAL))
        self._times.move_to_end(address)
        while len(self._times) > _MAX_DEVICES:
            self._times.popitem(last=False)
        if len(times) == _SEVERAL and now - times[0] < _WITHIN_S:
            return False
        times.append(now)
        return True

    def note(self, address: str, name: str, *, now: float) -> None:
        """Remember who asked for a name that waits."""
        devices = self._asked.setdefault(name, {})
        if len(devices) < _MAX_DEVICES:
            devices[address] = now

    def forget(self, waiting: Sequence[Appeal], *, now: float) -> None:
        """Forget who asked for what was told to the office, and whoever asked too long ago."""
        names = {each.name for each in waiting}
        for name in [*self._asked]:
            recent = {who: at for who, at in self._asked[name].items() if now - at < _KEPT_FOR_S}
            self._asked[name] = recent
            if name not in names or not recent:
                del self._asked[name]
        for address in [a for a, times in self._times.items() if now - times[-1] >= _WITHIN_S]:
            del self._times[address]

    def count(self, address: str) -> int:
        """Return how many names wait that a device asked for."""
        return sum(address in devices for devices in self._asked.values())

    def give_way(self, waiting: Sequence[Appeal], address: str) -> str | None:
        """Return the name that goes for one that this device asks for, where there is no room; None: none.

        It is one of those who asked for most. A name for which somebody asked who asked for little stays.
        """
        askers = {each.name: tuple(self._asked.get(each.name, (_UNKNOWN,))) for each in waiting}
        load = Counter(who for devices in askers.values() for who in devices)
        weight = {name: min(load[who] for who in devices) for name, devices in askers.items()}
        most = max(weight.values(), default=0)
        if most <= self.count(address):
            return None
        heaviest = [each for each in waiting if weight[each.name] == most]
        least = min(each.count for each in heaviest)
        return self._choose([each.name for each in heaviest if each.count == least])

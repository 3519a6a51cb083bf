"""Fifty hubs that come back at the same moment, on one sshd that turns many of them away."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from content_packs.errors import DepotBusyError, LinkDownError, LinkError
from hub.uplink.backoff import next_delay_s
from support.depots import HubAccess, write_files
from support.relay import Relay
from support.sshd import Sshd

HEAD = random.Random(3).randbytes(4096)


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    return write_files(tmp_path / "depot", {"heads/h-1": HEAD})


def visit(hub: HubAccess, port: int, chance: random.Random) -> int:
    """Come back until let in, a hundred times as fast as in the field; return how often that failed."""
    for failures in range(1, 100):
        try:
            with hub.connect(port=port, connect_timeout_s=60) as transport:
                assert transport.read_files(["heads/h-1"], max_bytes=len(HEAD)) == [HEAD]
            return failures - 1
        except LinkError as error:
            assert isinstance(error, DepotBusyError | LinkDownError)
            time.sleep(next_delay_s(failures, chance.random()) / 100)
    raise AssertionError("never got in")


def visit_all(hub: HubAccess, port: int) -> int:
    """Let fifty hubs come back at the same moment; return how often they were turned away."""
    with ThreadPoolExecutor(50) as hubs:
        return sum(hubs.map(lambda number: visit(hub, port, random.Random(number)), range(50)))


def test_fifty_hubs_that_come_back_at_once_all_get_in(tmp_path: Path, depot: Path) -> None:
    """sshd's limit turns many away; the back-off brings each in."""
    with Sshd(tmp_path / "sshd", depot, options=("MaxStartups 10:30:20",)) as sshd:
        assert visit_all(HubAccess(sshd, tmp_path / "key"), sshd.port) > 0  # or nothing was shown


class Penalising(Relay):
    """sshd from 9.8 on, a hundred times as fast: who has not signed in in time is not let in for a while.

    The first twenty connections break, as in an outage; each costs their common address ten seconds, and from
    15 on nobody of there is let in until that time is over (PerSourcePenalties in sshd_config(5)).
    """

    broken = refused = 0
    owed_until = 0.0

    def _start(self, connection: Any) -> None:
        now = self._loop.time()
        if self.owed_until - now > 0.15 or (self.refused and self.owed_until > now):
            self.refused += 1
            connection.hub.send(b"Not allowed at this time\r\n")
            for sock in (connection.hub, connection.depot):
                sock.close()
        elif self.broken < 20:
            self.broken += 1
            self.owed_until = max(self.owed_until, now) + 0.1
            connection.cut()
        else:
            super()._start(connection)


def test_fifty_hubs_behind_one_address_that_sshd_penalises_all_get_in(tmp_path: Path, depot: Path) -> None:
    with Sshd(tmp_path / "sshd", depot) as sshd, Penalising(sshd.port) as relay:
        assert visit_all(HubAccess(sshd, tmp_path / "key"), relay.port) > 20
        assert relay.broken == 20
        assert 0 < relay.refused < 50 * 7

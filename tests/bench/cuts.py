"""What cuts cost: a first install over a link that breaks again and again, beside one that does not."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from bench.contenders import HubSync, point_at
from bench.links import FIELD, LOOPBACK, Link
from bench.measure import note
from bench.stories import Story
from bench.tables import Goal, Row, Table
from content_packs.transports.window import MAX_WINDOW_BYTES, QUEUE_S
from support.relay import Relay
from support.road import run

_MAX_CUTS = 200


def measure(folder: Path, story: Story, quick: bool) -> Table:
    """Measure the story's third version as a first install, then the step from the first to the second."""
    wanted = [(None, 3, LOOPBACK, 200_000)]
    if not quick:
        wanted.append((1, 2, FIELD, 100_000))
    with ExitStack() as stack:
        ours = HubSync(folder / "hub", story)
        stack.callback(ours.stop)
        rows, samples = [], []
        nothing, _ = _bring(ours, 3, 3, LOOPBACK, None)
        for has, wants, link, every in wanted:
            case = f"{f'v{has} → v{wants}' if has else f'v{wants}, first install'}, cut every {every:,} B"
            note(f"{case}, {link.name}")
            whole, _ = _bring(ours, has, wants, link, None)
            total, cuts = _bring(ours, has, wants, link, every)
            sample = {"case": case, "link": link.name, "cuts": cuts, "whole": whole, "total_bytes": total}
            samples.append(sample | {"session": nothing})
            limit = whole + cuts * (nothing + window_bytes(link))
            goal = Goal(f"≤ uncut + {cuts} × (session + window)", limit)
            measured = f"bytes both ways, {link.name}"
            rows.append(Row(case, measured, "B", total, "uncut", whole, goal))
    return Table("Sync over a link that is cut", rows, _NOTES, samples, {})


def _bring(ours: HubSync, has: int | None, wants: int, link: Link, cut_after: int | None) -> tuple[int, int]:
    """Return the bytes that it took until nothing was missing, and how often it was cut."""
    state = ours.prepare(has, wants)
    with Relay(ours.port, delay_s=link.round_trip_s / 2, bits_per_s=link.bits_per_s) as relay:
        relay.cut_after(cut_after)
        point_at(state, relay.port)
        cuts = 0
        while (ran := run("hub", "--dir", state, "sync", "--no-neighbours", timeout_s=600)).code:
            assert ran.code == os.EX_TEMPFAIL, ran.err
            cuts += 1
            assert cuts < _MAX_CUTS, "it is never whole"
        shutil.rmtree(state)
        return relay.total_bytes, cuts


def window_bytes(link: Link) -> int:
    """Return how much may be in flight at once over a link."""
    if not link.bits_per_s:
        return MAX_WINDOW_BYTES
    return int(link.bits_per_s / 8 * (link.round_trip_s + QUEUE_S))


_NOTES = (
    "the connection is reset each time it carried so many bytes to the hub, and `hub sync` run again",
    "session: what a sync takes that finds nothing new; window: bandwidth × (round trip + 2 s), 2 MiB at"
    " most, which may be in flight when the cut comes",
)

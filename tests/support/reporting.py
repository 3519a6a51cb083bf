"""A hub's outbox and the office that takes its reports in, without a sync."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from content_packs import depot
from content_packs.segment import MAX_ACKS_BYTES, decode_acks
from content_packs.transports.local import open_local
from hub.events import Body, SyncBody
from hub.outbox import Outbox
from hub.settings import HubPaths
from provisioning.central.ingest import Taken, ingest
from provisioning.central.keys import KeyRing
from provisioning.central.office import Office
from support.office import HUB, NOW, OfficeAtWork

BOOT = "0f0f0f0f-1111"


def told(text: str) -> SyncBody:
    """Return what an event says, told apart by `text`."""
    return SyncBody(
        started_at=NOW.isoformat(),
        finished_at=NOW.isoformat(),
        road="uplink",
        result="ok",
        message=text,
        received_bytes=1,
        sent_bytes=1,
        seconds=1,
        done=[],
        failed={},
    )


def found_office(folder: Path, *hubs: str) -> Office:
    """Make an office that has enrolled these hubs."""
    work = OfficeAtWork.found(folder)
    for hub_id in hubs or (HUB,):
        work.enrol(hub_id)
    return work.office


@dataclass
class Reporting:
    """One hub, one office, and the depot of the office between them."""

    office: Office
    hub_dir: Path
    hub_id: str = HUB
    now = NOW
    confirmed: list[str] = field(default_factory=list)  # what `tell` came back from

    def __post_init__(self) -> None:
        self.hub_dir.mkdir(exist_ok=True)
        self.seal_key = KeyRing(self.office.keys).read_seal_key().public_key().public_bytes_raw()

    @property
    def outbox(self) -> Outbox:
        return Outbox(HubPaths(self.hub_dir))

    @property
    def inbox(self) -> Path:
        return self.office.depot / depot.inbox_dir(self.hub_id)

    def tell(self, *texts: str, boot_id: str = BOOT) -> None:
        self.outbox.append([told(text) for text in texts], at=self.now, boot_id=boot_id, remember={})
        self.confirmed += texts

    def say(self, *bodies: Body, at: datetime | None = None, boot_id: str = BOOT) -> None:
        """Put events of any kind into the outbox, and seal them."""
        self.outbox.append(bodies, at=at or self.now, boot_id=boot_id, remember={})
        self.seal()

    def seal(self) -> None:
        self.outbox.seal(self.hub_id, self.seal_key)

    def send(self, to: Path | None = None, *, again: bool = False) -> int:
        """Leave the segments in the depot, or on the stick `to`; return how many."""
        segments = self.outbox.read_unsent(now=self.now, again=again)
        with open_local(to or self.office.depot) as transport:
            transport.write_files(depot.inbox_dir(self.hub_id), segments)
        self.outbox.note_sent(segments, now=self.now)
        return len(segments)

    def ingest(self, source: Path | None = None, **options: bool) -> list[Taken]:
        self.now += timedelta(seconds=1)
        return ingest(self.office, source=source, now=self.now, **options)

    def take_acks(self) -> int:
        with open_local(self.office.depot) as transport:
            [data] = transport.read_files([depot.acks_path(self.hub_id)], max_bytes=MAX_ACKS_BYTES)
        return 0 if data is None else self.outbox.acknowledge(decode_acks(data))

    def known(self) -> list[str]:
        """Return what the office was told, in the order in which it happened."""
        query = "select body from events where hub_id = ? order by stream, seq"
        with closing(sqlite3.connect(self.office.reports_db)) as db:
            return [json.loads(body)["message"] for (body,) in db.execute(query, [self.hub_id])]

    def whole_way(self) -> None:
        """Let everything that waits go the whole way, with nothing in between; a week passes."""
        self.now += timedelta(days=8)
        self.seal()
        self.send()
        self.ingest()
        self.take_acks()

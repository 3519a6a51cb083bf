"""One sync: read the head, verify, plan, fetch, install. Whatever happens, the old version stays served."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlite_utils import Database

from content_packs import depot, trust
from content_packs.durable import locked
from content_packs.errors import BadDataError, DiskFullError, Error, LocalError, NotFoundError, local_error
from content_packs.transports import open_transport
from content_packs.transports.transport import Transport
from hub.clock import hub_now, raise_floor
from hub.library import installed
from hub.library.install import activate, clear_staging, held_version, hide, install, remove
from hub.library.rebuild import open_library, reconcile
from hub.library.store import Store, open_store
from hub.settings import HubPaths, HubSettings
from hub.sync import fetch, history
from hub.sync.indexes import Indexed, fetch_indexes, open_index
from hub.sync.plan import Action, Facts, list_hidden, list_to_fetch, plan

SYNC_LOCK = "sync"

MAX_FORMAT_BYTES = 1000
_WRITING_KINDS = ("install", "remove", "needs-space")


@dataclass(slots=True)
class SyncReport:
    """What a sync found and did."""

    source: str
    started_at: datetime
    actions: list[Action] = field(default_factory=list)
    done: list[str] = field(default_factory=list)  # "install id@version"
    failures: list[tuple[Action, Error]] = field(default_factory=list)
    stale: tuple[str, ...] = ()  # metadata roles past their date: a warning, never a stop
    received_bytes: int = 0  # of content


class Progress:
    """What a sync tells while it runs; the command line shows it, tests collect it."""

    def planned(self, actions: Sequence[Action]) -> None:
        """All actions are known."""

    def began(self, action: Action, total_bytes: int) -> None:
        """`total_bytes` are still to be fetched for this action."""

    def advanced(self, count: int) -> None:
        """So many bytes arrived."""

    def ended(self, action: Action, failure: Error | None) -> None:
        """The action is done, or why not."""


def sync(
    paths: HubPaths, settings: HubSettings, *, source: str | None, dry_run: bool = False, progress: Progress
) -> SyncReport:
    """Bring this hub to what the office assigned to it, from `source` or the depot of the settings.

    One pack that cannot be installed does not keep the others from it: its error is in the report. With
    `dry_run` no pack changes; the verified metadata and the indexes that the plan needs are kept.

    Raises:
        LinkError, IdentityError, BadDataError: before or while fetching; what was fetched is kept.
        LocalError: this disk refuses; BusyError: another sync runs.
    """
    with locked(paths.lock(SYNC_LOCK), doing="sync"):
        report = SyncReport(source or settings.depot_url, started_at=hub_now(paths.trust))
        db = open_library(paths, now=report.started_at)
        try:
            with _open(paths, settings, report.source) as transport:
                _Sync(paths, settings, transport, db, report, progress).run(dry_run=dry_run)
        except BaseException as error:
            if not dry_run:
                _write_down(db, paths, report, error)
            raise
        else:
            if not dry_run:
                _write_down(db, paths, report, report.failures[0][1] if report.failures else None)
        finally:
            db.close()
        return report


def _write_down(db: Database, paths: HubPaths, report: SyncReport, failure: BaseException | None) -> None:
    """Record the run; where even that fails, an earlier failure is the one to be told."""
    try:
        history.record_run(
            db,
            started_at=report.started_at,
            finished_at=hub_now(paths.trust),
            source=report.source,
            received_bytes=report.received_bytes,
            installed=report.done,
            failure=failure,
        )
    except LocalError:
        if failure is None:
            raise


def _open(paths: HubPaths, settings: HubSettings, url: str) -> Transport:
    keys = paths.host_keys
    try:
        host_keys = keys.read_text(encoding="utf-8", errors="replace").splitlines() if keys.is_file() else []
    except OSError as error:
        raise local_error(error, f"reading {keys}") from error
    return open_transport(
        url,
        key_path=paths.key,
        host_keys=host_keys,
        connect_timeout_s=settings.sync.connect_timeout_s,
        step_timeout_s=settings.sync.step_timeout_s,
    )


def read_root(paths: HubPaths) -> bytes:
    """Return the TUF root that this hub came with."""
    path = paths.trust / "hub-root.json"
    try:
        return path.read_bytes()
    except OSError as error:
        raise local_error(error, f"reading {path}") from error


def read_facts(paths: HubPaths, settings: HubSettings) -> Facts:
    """Look at this disk."""
    paths.packs.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(paths.packs)
    ids = list(installed.list_pack_ids(paths))
    kept = {i: installed.list_versions(paths, i) for i in ids}
    return Facts(
        # A damaged version is shown, but as if it were not there: the sync brings it again.
        current={
            i: v for i in ids if (v := installed.current_version(paths, i)) in kept[i] and v is not None
        },
        kept=kept,
        held={i: v for i in ids if (v := held_version(paths, i)) is not None},
        free_bytes=usage.free,
        reserve_bytes=settings.sync.reserve(usage.total),
    )


@dataclass(frozen=True, slots=True)
class _Sync:
    """One run; what it finds and does goes into `report`."""

    paths: HubPaths
    settings: HubSettings
    transport: Transport
    db: Database
    report: SyncReport
    progress: Progress

    def run(self, *, dry_run: bool) -> None:
        try:
            self._run(dry_run=dry_run)
        except OSError as error:
            raise local_error(error, "sync") from error

    def _run(self, *, dry_run: bool) -> None:
        offers = self._refresh()
        store = open_store(self.paths.store)
        clear_staging(self.paths)
        for _ in store.adopt_earlier_boots():  # what is damaged is fetched again
            pass
        facts = read_facts(self.paths, self.settings)
        indexed = fetch_indexes(list_to_fetch(offers, facts), self.transport, store)
        self._note_faults(offers, indexed)
        actions = plan(offers, facts, indexed.needs)
        if not dry_run and any(action.kind in _WRITING_KINDS for action in actions):
            actions = self._make_room(offers, actions, indexed, store)
        self.report.actions += actions
        self.progress.planned(actions)
        if dry_run:
            return
        for action in actions:
            if action.kind != "remove":
                self._carry_out(action, store, indexed)
        if self.report.done and not self.report.failures:
            store.clear_incoming()

    def _refresh(self) -> Sequence[trust.Offer]:
        try:
            offers = trust.refresh(
                self.transport,
                trust_dir=self.paths.trust,
                root_bytes=read_root(self.paths),
                hub_id=self.settings.hub_id,
                now=hub_now(self.paths.trust),
                older_is_fine=self.report.source != self.settings.depot_url,
            )
        except NotFoundError:
            self._require_depot()
            raise
        if offers.signed_at is not None:
            raise_floor(self.paths.trust, offers.signed_at)
        self.report.stale = offers.stale
        return offers.packs

    def _require_depot(self) -> None:
        """Say so when this is no depot at all: the wrong folder, or an empty stick."""
        (text,) = self.transport.read_files([depot.FORMAT_PATH], max_bytes=MAX_FORMAT_BYTES)
        if text != depot.FORMAT_TEXT:
            raise NotFoundError(
                f"{self.transport.url}: not a depot, its file {depot.FORMAT_PATH} is missing or another",
                hint="Give the folder or stick that `central usb` wrote, or correct depot_url in hub.toml.",
            )

    def _note_faults(self, offers: Sequence[trust.Offer], indexed: Indexed) -> None:
        for offer in offers:
            if fault := indexed.faults.get(offer.pack_id):
                action = Action("install", offer.pack_id, offer.version, title=offer.title, offer=offer)
                self.report.failures.append((action, fault))
                self.progress.ended(action, fault)

    def _make_room(
        self, offers: Sequence[trust.Offer], actions: Sequence[Action], indexed: Indexed, store: Store
    ) -> list[Action]:
        """Hide what is no longer assigned; where room is needed, delete what is hidden; then plan again."""
        removals = [action for action in actions if action.kind == "remove"]
        for action in removals:
            self._carry_out(action, store, indexed)
        if any(action.kind == "needs-space" for action in actions):
            for pack_id in list_hidden(offers, read_facts(self.paths, self.settings)):
                remove(self.paths, pack_id)
            store.clear_incoming(keep=indexed.wanted)
        store.sweep(keep=indexed.wanted)
        return removals + plan(offers, read_facts(self.paths, self.settings), indexed.needs)

    def _carry_out(self, action: Action, store: Store, indexed: Indexed) -> None:
        """Do one action; a fault of this pack or of this disk is noted, a fault of the link ends the sync."""
        failure: Error | None = None
        try:
            if not self._do(action, store):
                return
            self.report.done.append(f"{action.kind} {action.pack_id}@{action.version}")
        except (BadDataError, LocalError) as error:
            failure = error
        except OSError as error:
            failure = local_error(error, f"{action.kind} {action.pack_id} v{action.version}")
        if failure is not None:
            self.report.failures.append((action, failure))
        elif action.kind == "install":
            store.sweep(keep=indexed.wanted)  # the version before the last is gone: so are its own files
        reconcile(self.db, self.paths, now=hub_now(self.paths.trust))
        self.progress.ended(action, failure)

    def _do(self, action: Action, store: Store) -> bool:
        """Return whether there was something to do."""
        if action.kind == "install":
            self._install(action, store)
        elif action.kind == "activate":
            activate(self.paths, action.pack_id, action.version)
        elif action.kind == "remove":
            hide(self.paths, action.pack_id)
        elif action.kind == "needs-space":
            raise DiskFullError(
                f"{action.pack_id} v{action.version}: {action.reason}",
                hint="Ask the office to unassign another pack from this hub, or put in a larger card.",
            )
        else:
            return False
        return True

    def _install(self, action: Action, store: Store) -> None:
        if action.offer is None:
            raise AssertionError("an install has an offer")
        index, index_bytes = open_index(action.offer, store)

        def advance(count: int) -> None:
            self.report.received_bytes += count
            self.progress.advanced(count)

        self.progress.began(action, action.download_bytes)
        fetch.fetch_pieces(index, self.transport, store, advance)
        install(self.paths, store, index, index_bytes)

"""One sync: read the head, verify, plan, fetch, install. Whatever happens, the old version stays served."""

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace

from sqlite_utils import Database

from content_packs import depot, trust
from content_packs.durable import locked
from content_packs.errors import (
    BadDataError,
    DiskFullError,
    Error,
    LinkError,
    LocalError,
    NotFoundError,
    local_error,
)
from content_packs.transports import open_transport
from content_packs.transports.address import without_password
from content_packs.transports.transport import Transport
from hub import ballast, history
from hub.clock import hub_moment, hub_now, raise_floor, read_boot_id
from hub.coming import read_outlook
from hub.identity import (
    find_authorities,
    keep_host_keys,
    list_host_keys,
    mend,
    read_root,
    require_key,
)
from hub.library import installed
from hub.library.install import (
    activate,
    clear_staging,
    drop_versions,
    held_version,
    hide,
    install,
    remove,
)
from hub.library.rebuild import open_library, reconcile
from hub.library.recheck import recheck
from hub.library.store import Store, open_store
from hub.settings import SYNC_LOCK, HubPaths, HubSettings
from hub.sync import fetch
from hub.sync.gate import ContentWaits, Gate
from hub.sync.indexes import Here, Indexed, fetch_indexes, open_pack, read_indexes
from hub.sync.neighbours import FindNeighbours, Neighbours
from hub.sync.outlook import add_estimates, renewed, to_last_plan
from hub.sync.plan import Action, Facts, list_hidden, list_to_fetch, plan, wait_for
from hub.sync.report import Progress, SyncReport
from hub.sync.reports import Reporter
from hub.sync.road import Road, find_road
from hub.sync.room import measure_room
from hub.sync.terms import limits_of, list_ignored
from hub.sync.wrong import open_wrong

MAX_FORMAT_BYTES = 1000
_WRITING_KINDS = ("install", "replace", "waiting", "remove", "needs-space")


def sync(
    paths: HubPaths,
    settings: HubSettings,
    *,
    source: str | None,
    dry_run: bool = False,
    progress: Progress,
    find_neighbours: FindNeighbours = tuple,
) -> SyncReport:
    """Bring this hub to what the office assigned to it, from `source` or the depot of the settings.

    What hubs of this network have comes from them and not over an uplink; `find_neighbours` returns their
    addresses, and is called only when something is to be fetched.

    One pack that cannot be installed does not keep the others from it: its error is in the report. With
    `dry_run` no pack changes; the verified metadata and the indexes that the plan needs are kept.

    Raises:
        LinkError, IdentityError, BadDataError: before or while fetching; what was fetched is kept.
        LocalError: this disk refuses; BusyError: another sync runs.
    """
    with locked(paths.lock(SYNC_LOCK), doing="sync"):
        if not dry_run:
            ballast.settle(paths, settings)
        mend(paths)
        report = SyncReport(source or settings.depot_url, started_at=hub_now(paths.trust))
        road = find_road(report.source, settings.depot_url)
        reporter = Reporter(
            *(paths, settings, lambda: read_facts(paths, settings)),
            now=lambda: hub_now(paths.trust),
            road=road,
            dry_run=dry_run,
        )
        with closing(open_library(paths, now=report.started_at)) as db:
            try:
                with _open(paths, settings, report.source) as transport:
                    gate = Gate(
                        *(transport, road, settings.sync.limits(), db),
                        *(read_boot_id(), lambda: hub_moment(paths.trust)),
                    )
                    neighbours = Neighbours(find_neighbours if road.takes_uplink else tuple, settings.hub_id)
                    _Sync(
                        *(paths, settings, road, transport, gate, neighbours, db, report, progress, reporter)
                    ).run(dry_run=dry_run)
            except BaseException as error:
                _end(db, paths, settings, report, reporter, error, dry_run=dry_run)
                raise
            _end(db, paths, settings, report, reporter, None, dry_run=dry_run)
        return report


def _end(
    db: Database,
    paths: HubPaths,
    settings: HubSettings,
    report: SyncReport,
    reporter: Reporter,
    failure: BaseException | None,
    *,
    dry_run: bool,
) -> None:
    """Say and write down how a sync ended, also where there was no way to the depot at all."""
    reporter.ended(report.done, report.failures, failure)
    report.reports = reporter.result
    if not dry_run:
        _write_down(db, paths, report, failure)
    elif find_road(report.source, settings.depot_url).is_own:
        _save_plan(db, paths, report)


def _write_down(db: Database, paths: HubPaths, report: SyncReport, failure: BaseException | None) -> None:
    """Record the run; where even that fails, an earlier failure is the one to be told."""
    fault = report.failures[0][1] if report.failures else None
    try:
        history.record_run(
            db,
            started_at=report.started_at,
            finished_at=hub_now(paths.trust),
            source=without_password(report.source),
            received_bytes=report.received_bytes,
            installed=[str(action) for action in report.done],
            failure=failure or fault,
            use=report.use,
        )
        _save_plan(db, paths, report)
    except LocalError:
        if failure is None:
            raise


def _save_plan(db: Database, paths: HubPaths, report: SyncReport) -> None:
    """Keep what is still to come for the status; nothing where the sync did not get so far."""
    if report.is_planned:
        history.save_plan(db, to_last_plan(report.actions, report.done, now=hub_now(paths.trust)))


def _open(paths: HubPaths, settings: HubSettings, url: str) -> Transport:
    if url.startswith("sftp:"):
        require_key(paths)
    return open_transport(
        url,
        key_path=paths.key,
        host_keys=list_host_keys(paths),
        connect_timeout_s=settings.sync.connect_timeout_s,
        step_timeout_s=settings.sync.step_timeout_s,
        ca_path=find_authorities(paths),
    )


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
        free_bytes=usage.free + ballast.ballast_bytes(paths),
        reserve_bytes=settings.sync.reserve(usage.total),
    )


def _has_index(offer: trust.Offer, store: Store) -> bool:
    return store.find(offer.index_json_sha256, offer.index_json_size) is not None


@dataclass(frozen=True, slots=True)
class _Sync:
    """One run; what it finds and does goes into `report`."""

    paths: HubPaths
    settings: HubSettings
    road: Road
    transport: Transport
    gate: Gate  # the same, for content
    neighbours: Neighbours
    db: Database
    report: SyncReport
    progress: Progress
    reporter: Reporter

    def run(self, *, dry_run: bool) -> None:
        """Do it, and tell the office how it ended as long as there is a way there."""
        try:
            self._run_here(dry_run=dry_run)
            self.reporter.ended(self.report.done, self.report.failures, None)
        except Error as error:
            self.reporter.ended(self.report.done, self.report.failures, error)
            raise
        finally:
            self._count()

    def _run_here(self, *, dry_run: bool) -> None:
        try:
            self._run(dry_run=dry_run)
        except OSError as error:
            raise local_error(error, "sync") from error

    def _count(self) -> None:
        """Put into the report what the uplink and the neighbours gave."""
        self.report.use = self.gate.use
        self.report.neighbour_bytes = self.neighbours.received_bytes
        self.report.notes += self.neighbours.describe()
        with suppress(LocalError):  # `_write_down` says so, if the disk refuses
            self.gate.save()
        self.report.outlook = renewed(self.report.outlook, self.gate)

    def _run(self, *, dry_run: bool) -> None:
        offers = self._refresh()
        store = self._open_store(dry_run=dry_run)
        wanted = list_to_fetch(offers, read_facts(self.paths, self.settings))
        if not dry_run:
            self._ask_neighbours(wanted, store)
        unknown = [offer for offer in wanted if not _has_index(offer, store)]
        indexed = self._fetch_indexes(wanted, store)
        learnt = [offer for offer in unknown if _has_index(offer, store)]
        if learnt and not dry_run:  # no neighbour has these versions, but perhaps files of them
            self._ask_neighbours(learnt, store)
            indexed = indexed.updated(read_indexes(learnt, self._look_here(store)))
        self.report.notes += indexed.notes
        self._note_faults(offers, indexed)
        if self.road.takes_uplink:
            moment = hub_moment(self.paths.trust)
            self.report.outlook = read_outlook(self.db, self.settings.sync, moment, self.gate.spent())
        actions = self._plan(offers, indexed, store)
        if not dry_run and any(action.kind in _WRITING_KINDS for action in actions):
            actions = self._make_room(offers, actions, indexed, store)
        self.report.actions += actions
        self.report.is_planned = True
        self.progress.planned(actions)
        if dry_run:
            return
        self.reporter.planned(actions)
        for action in actions:
            if action.kind != "remove":
                self._carry_out(action, store, indexed)
        if self.report.done and not self.report.failures and not self.report.waiting:
            store.clear_incoming()

    def _open_store(self, *, dry_run: bool) -> Store:
        """Look at what this disk has since a boot; a dry run changes nothing that belongs to a pack."""
        store = open_store(self.paths.store)
        if not dry_run:
            clear_staging(self.paths)
        # What an earlier boot left half fetched is looked at in either case: else it counts as not here.
        for _ in store.adopt_earlier_boots():  # what is damaged is fetched again
            pass
        self.report.notes += recheck(self.paths, store, dry_run=dry_run)
        return store

    def _refresh(self) -> Sequence[trust.Offer]:
        try:
            offers = trust.refresh(
                self.transport,
                trust_dir=self.paths.trust,
                root_bytes=read_root(self.paths),
                hub_id=self.settings.hub_id,
                now=hub_now(self.paths.trust),
                older_is_fine=not self.road.is_own,
                also=self.reporter.also(),
            )
        except NotFoundError:
            self._require_depot()
            raise
        if offers.signed_at is not None:
            raise_floor(self.paths.trust, offers.signed_at)
        with suppress(OSError):  # a full disk: at the next sync, and the former ones count until then
            keep_host_keys(self.paths, offers.host_keys)
        self.report.stale = offers.stale
        self.reporter.refreshed(offers, self.transport)
        self.report.signed_at = offers.signed_at
        self.report.notes += list_ignored(offers.packs, self.gate.limits)
        return offers.packs

    def _ask_neighbours(self, offers: Sequence[trust.Offer], store: Store) -> None:
        """Take what hubs of this network have, before content is asked for over the uplink."""

        def watch(offer: trust.Offer, size: int) -> Callable[[int], None]:
            self.progress.began(Action("install", offer.pack_id, offer.version, offer=offer), size)
            return self._advance

        facts = read_facts(self.paths, self.settings)
        room = facts.free_bytes - facts.reserve_bytes
        self.neighbours.bring(offers, store, room_bytes=room, watch=watch)

    def _advance(self, count: int) -> None:
        self.report.received_bytes += count
        self.progress.advanced(count)
        self.reporter.looked()

    def _fetch_indexes(self, offers: Sequence[trust.Offer], store: Store) -> Indexed:
        """Fetch the indexes; where content may not travel now, use those that are here and guess the rest."""
        shut = [
            o for o in offers if self.gate.allowance_of(o.pack_id, limits_of(o, self.gate.limits)).is_shut
        ]
        here = self._look_here(store)
        try:
            found = fetch_indexes([offer for offer in offers if offer not in shut], self.gate, here)
        except ContentWaits:
            return add_estimates(read_indexes(offers, here), offers)
        return found.updated(add_estimates(read_indexes(shut, here), shut)) if shut else found

    def _look_here(self, store: Store) -> Here:
        signed_at = self.report.signed_at
        state = f"{self.report.source} {signed_at.isoformat() if signed_at else ''}"
        wrong = open_wrong(store.dir, state, now=hub_now(self.paths.trust))
        return Here(self.paths, store, wrong, uses_deltas=self.road.uses_deltas)

    def _plan(self, offers: Sequence[trust.Offer], indexed: Indexed, store: Store) -> list[Action]:
        """Decide; what removing older versions would free is looked at only where it matters."""
        facts, allowance = read_facts(self.paths, self.settings), self.gate.allowance()
        own = {
            offer.pack_id: self.gate.allowance_of(offer.pack_id, limits_of(offer, self.gate.limits))
            for offer in offers
        }
        actions = plan(offers, facts, indexed.needs, allowance=allowance, own=own)
        tight = [a.pack_id for a in actions if a.kind == "needs-space" and a.offer and a.offer.replace]
        if not tight:
            return actions
        room = {pack: measure_room(self.paths, store, pack, keep=indexed.wanted) for pack in tight}
        return plan(offers, facts, indexed.needs, allowance=allowance, own=own, room=room)

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
        """Hide what is no longer assigned; where room is needed, delete what is hidden; then plan again.

        Room is needed too where something else than packs has filled what these are to leave free.
        """
        removals = [action for action in actions if action.kind == "remove"]
        for action in removals:
            self._carry_out(action, store, indexed)
        facts = read_facts(self.paths, self.settings)
        is_tight = facts.free_bytes < facts.reserve_bytes
        if is_tight or any(action.kind == "needs-space" for action in actions):
            for pack_id in list_hidden(offers, facts):
                remove(self.paths, pack_id)
            store.clear_incoming(keep=indexed.wanted)
        store.sweep(keep=indexed.wanted)
        return removals + self._plan(offers, indexed, store)

    def _carry_out(self, action: Action, store: Store, indexed: Indexed) -> None:
        """Do one action; a fault of this pack or of this disk is noted, a fault of the link ends the sync."""
        failure: Error | None = None
        received = self.report.received_bytes
        try:
            if not self._do(action, store, indexed):
                return
            action = self._say_done(action)
            self.report.done.append(action)
        except ContentWaits as waits:
            came = self.report.received_bytes - received
            self._say_waiting(action, wait_for(action, waits.wait, max(0, action.download_bytes - came)))
            return
        except LinkError:
            came = self.report.received_bytes - received
            left = replace(action, download_bytes=max(0, action.download_bytes - came))
            self.report.actions[self.report.actions.index(action)] = left
            raise
        except (BadDataError, LocalError) as error:
            failure = error
        except OSError as error:
            failure = local_error(error, f"{action.kind} {action.pack_id} v{action.version}")
        if failure is not None:
            self.report.failures.append((action, failure))
        elif action.kind in ("install", "replace"):
            store.sweep(keep=indexed.wanted)  # the version before the last is gone: so are its own files
        reconcile(self.db, self.paths, now=hub_now(self.paths.trust))
        self.progress.ended(action, failure)

    def _say_done(self, action: Action) -> Action:
        """Return the action as it was done: what was to wait and came all the same is an install."""
        if action.wait is None:
            return action
        kind = "install" if action.kind == "waiting" else action.kind
        done = replace(action, kind=kind, wait=None, reason="")
        self.report.actions[self.report.actions.index(action)] = done
        return done

    def _say_waiting(self, action: Action, waiting: Action) -> None:
        self.report.actions[self.report.actions.index(action)] = waiting
        self.progress.ended(waiting, None)

    def _do(self, action: Action, store: Store, indexed: Indexed) -> bool:
        """Return whether there was something to do."""
        if action.kind == "install":
            self._install(action, store)
        elif action.kind == "waiting":
            if not indexed.needs[action.pack_id].is_counted:
                return False
            self._fetch_some(action, store)
        elif action.kind == "replace":
            self._drop(action, store, indexed)
            self._install(action, store)
        elif action.kind == "activate":
            activate(self.paths, action.pack_id, action.version)
        elif action.kind == "remove":
            hide(self.paths, action.pack_id)
        elif action.kind == "needs-space":
            raise DiskFullError(
                f"{action.pack_id} v{action.version}: {action.reason}",
                hint="Ask the office to take another pack from this hub, or to assign this one with "
                "`--when-full replace`; or put in a larger card.",
            )
        else:
            return False
        return True

    def _fetch_some(self, action: Action, store: Store) -> None:
        """Fetch what may travel now; with older versions to be removed later, only what has room before."""
        if action.drops and action.wait is not None:
            with self.gate.capped(action.now_bytes, action.wait):
                self._install(action, store)
        else:
            self._install(action, store)

    def _drop(self, action: Action, store: Store, indexed: Indexed) -> None:
        """Remove versions to make room; what the new one shares with them stays in the store."""
        if action.is_outage:
            hide(self.paths, action.pack_id)
        trees = set(installed.list_trees(self.paths, action.pack_id))
        drop_versions(self.paths, action.pack_id, keep={*trees.difference(action.drops)})
        store.sweep(keep=indexed.wanted)

    def _install(self, action: Action, store: Store) -> None:
        if action.offer is None:
            raise AssertionError("an install has an offer")
        here = self._look_here(store)
        opened = open_pack(action.offer, here)
        self.progress.began(action, action.download_bytes)
        if action.kind == "replace":  # there was no room before
            self.neighbours.fetch_files([opened.index], store, self._advance)
        with self.gate.for_pack(action.pack_id, limits_of(action.offer, self.gate.limits)):
            fetch.fetch_parcels(
                opened.index,
                self.gate,
                store,
                self._advance,
                steps=opened.steps,
                wrong=here.wrong,
                notes=self.report.notes,
            )
        install(self.paths, store, opened.index, installed.pack_installed_index(opened.index_json))

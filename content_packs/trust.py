"""What this hub may and should have now: TUF's client on one side, offers on the other.

What blocks is a signature, a threshold, a version that goes back, a hash. Expiry only warns, since a hub
has no clock and may be away for years: docs/adr/0002-trust.md.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import DelegatedRole, Metadata, Root, Signed, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from content_packs import depot
from content_packs.depot import MAX_DAY_MB, MAX_PRIORITY, PUBLISHER, SIGNED_AT, SYSTEM_KINDS
from content_packs.errors import (
    BadDataError,
    BadSignatureError,
    Error,
    HashMismatchError,
    IdentityError,
    NotFoundError,
    UnknownFormatError,
    VersionRollbackError,
    local_error,
)
from content_packs.head import MAX_HEAD_BYTES, read_text, state_of, unpack_text
from content_packs.news import decode_news, follow
from content_packs.transports.host_keys import is_host_key
from content_packs.transports.transport import Transport
from content_packs.trust_cache import (
    fill_scratch,
    read_cache,
    read_head_text,
    read_scratch,
    write_cache,
    write_head_text,
)
from content_packs.trust_fetcher import (
    MAX_METADATA_BYTES,
    MAX_ROOT_BYTES,
    MAX_ROOT_ROTATIONS,
    METADATA_URL,
    HeadFirstFetcher,
)

_BEFORE_ANY_EXPIRY = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_PACKS = 10_000
_MAX_DELTAS = 20
_MAX_HOST_KEYS = 16
_MAX_QUIET_HOURS = 200  # characters
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONFIG = UpdaterConfig(
    max_root_rotations=MAX_ROOT_ROTATIONS,
    root_max_length=MAX_ROOT_BYTES,
    timestamp_max_length=MAX_METADATA_BYTES,
    snapshot_max_length=MAX_METADATA_BYTES,
    targets_max_length=MAX_METADATA_BYTES,
)


@dataclass(frozen=True, slots=True)
class DeltaOffer:
    """One step from a version that a hub may have to a later one, at most that of the offer.

    Sizes are bytes. The delta file begins with `head_size` bytes that make the later version's index.
    """

    from_version: int
    to_version: int
    size: int
    head_size: int
    index_json_sha256: str  # of the index of `to_version`, unpacked
    index_json_size: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One pack version that this hub shall have; the sizes let it plan before it reads the index."""

    pack_id: str
    version: int
    kind: str
    title: str
    language: str  # BCP 47
    index_sha256: str
    index_length: int  # bytes
    index_json_sha256: str  # of the index unpacked: what a delta makes, and by what a hub knows it
    index_json_size: int
    download_bytes: int  # of blocks and objects, the index not counted
    unpacked_bytes: int
    deltas: tuple[DeltaOffer, ...] = ()
    priority: int = 0  # -9 to 9; what the office wants first has the highest
    replace: bool = False  # where old and new do not fit together: remove the old version first
    quiet_hours: str = ""  # in which this pack waits, as hub.toml writes them; not yet looked at
    day_mb: int = 0  # of this pack, over an uplink; 0: nothing is said
    ignored: str = ""  # what the assignment says of it that cannot be used: a warning


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that this hub shall have, verified. `stale` names the roles that have expired."""

    hub_id: str
    packs: tuple[Offer, ...]
    stale: tuple[str, ...]
    signed_at: datetime | None  # when the office signed the newest metadata: raises the clock's floor
    seal_key: bytes | None = None  # X25519, 32 bytes: reports are sealed to it; None: the office takes none
    host_keys: tuple[
        str, ...
    ] = ()  # lines by which the depot's SSH server is known, now and next; may be none
    from_cache: bool = False  # nothing newer was there; this is what the hub knew already
    also: Mapping[str, bytes | None] = field(default_factory=dict)  # other files, read in the same go


def check_root(root_bytes: bytes) -> None:
    """Raise unless these bytes are a root that signs itself, as hub-root.json is.

    Raises:
        BadSignatureError: not signed by enough of its own keys.
        BadDataError: not root metadata at all.
    """
    with _translated("root"):
        root = Metadata[Root].from_bytes(root_bytes)
        if not isinstance(root.signed, Root):
            raise BadDataError(f"root: expected a root, got {root.signed.type}", hint="Take hub-root.json.")
        root.signed.verify_delegate(Root.type, root.signed_bytes, root.signatures)


def refresh(
    transport: Transport,
    *,
    trust_dir: Path,
    root_bytes: bytes,
    hub_id: str,
    now: datetime,
    older_is_fine: bool = False,
    also: Sequence[str] = (),
) -> Offers:
    """Read through `transport` what is new for this hub, verify it, keep it, return the offers.

    `root_bytes` is the root that the hub came with. A refused refresh leaves `trust_dir` as it was.
    `older_is_fine` is for sticks: metadata older than the hub's own is then no error, and the offers
    are those the hub knew already. `also` are other small files of the depot, which cost no round trip
    more; their contents are in the offers, None for one that is not there.

    Raises:
        BadSignatureError: not signed by enough of the right keys.
        VersionRollbackError: older than what this hub has seen.
        HashMismatchError, NotFoundError, BadDataError: damaged, incomplete or malformed metadata.
        IdentityError: this depot knows no such hub.
        LinkError, LocalError: as the transport and this disk raise them.
    """
    reading = _Reading(transport, trust_dir, root_bytes, hub_id, now)
    others: dict[str, bytes | None] = {}
    text, is_new = reading.read_head(also, others)
    offers = None if is_new else reading.known_offers()
    if offers is None:
        if not is_new:  # but the hub has lost what it knew
            text = reading.read_whole_head()
        offers = reading.take(text, older_is_fine=older_is_fine)
    return replace(offers, also=others)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One refresh."""

    transport: Transport
    trust_dir: Path
    root_bytes: bytes
    hub_id: str
    now: datetime

    def read_head(self, also: Sequence[str], others: dict[str, bytes | None]) -> tuple[bytes | None, bool]:
        """Return the text of the present head, None where there is none, and whether it may be a new one.

        Puts what `also` names into `others`. Asks for the news of the head that this hub has. Where the
        depot has none for it, or damaged ones, the head itself tells the same.
        """
        before = read_head_text(self.trust_dir)
        head_path = depot.head_path(self.hub_id)
        path = head_path if before is None else depot.news_path(self.hub_id, state_of(before))
        first, *rest = self.transport.read_files([path, *also], max_bytes=MAX_HEAD_BYTES)
        others |= zip(also, rest, strict=True)
        if before is None:
            return self._unpack(first), True
        try:
            text = follow(before, decode_news(first or b""))
        except BadDataError:
            return self.read_whole_head(), True
        return text, text != before

    def read_whole_head(self) -> bytes | None:
        """Return the text of the head as it lies in the depot."""
        [head] = self.transport.read_files([depot.head_path(self.hub_id)], max_bytes=MAX_HEAD_BYTES)
        return self._unpack(head)

    def _unpack(self, head: bytes | None) -> bytes | None:
        with _translated(self.transport.url):
            return None if head is None else unpack_text(head)

    def known_offers(self) -> Offers | None:
        """Return what the hub knew already; a damaged copy of that is made good."""
        offers = offers_from_cache(self.trust_dir, self.root_bytes, self.hub_id, now=self.now)
        if offers is not None:
            write_cache(self.trust_dir, read_cache(self.trust_dir))
        return offers

    def take(self, text: bytes | None, *, older_is_fine: bool) -> Offers:
        """Verify the head with this text, or the files in tuf/ where there is none; keep it."""
        with _translated(self.transport.url):
            files = None if text is None else read_text(text)
        fetcher = HeadFirstFetcher(files, self.transport)
        known = read_cache(self.trust_dir)
        try:
            verified = _verify(fetcher, known, self.root_bytes, self.hub_id, self.transport.url)
        except VersionRollbackError:
            offers = self.known_offers() if older_is_fine else None
            if offers is None:
                raise
            return offers
        write_cache(self.trust_dir, verified.files)
        if text is not None:
            write_head_text(self.trust_dir, text)
        return _offers(verified, self.hub_id, self.now)


def offers_from_cache(trust_dir: Path, root_bytes: bytes, hub_id: str, *, now: datetime) -> Offers | None:
    """Return what the hub was last told to have, verified again; None where it does not know.

    Raises:
        IdentityError: the hub was told that it is not enrolled.
    """
    known = read_cache(trust_dir)
    try:
        verified = _verify(HeadFirstFetcher(known, None), known, root_bytes, hub_id, str(trust_dir))
    except BadDataError:
        return None  # nothing there, or for another root
    return _offers(verified, hub_id, now, from_cache=True)


@dataclass(frozen=True, slots=True)
class _Verified:
    roles: Mapping[str, Signed]
    assignment: TargetFile | None
    packs: tuple[Offer, ...]
    files: Mapping[str, bytes]
    seal_key: bytes | None
    host_keys: tuple[str, ...]


def _verify(
    fetcher: HeadFirstFetcher, known: Mapping[str, bytes], root_bytes: bytes, hub_id: str, source: str
) -> _Verified:
    with _translated(source), tempfile.TemporaryDirectory(prefix="hub-trust-") as name:
        scratch = Path(name)
        fill_scratch(scratch, known)
        updater = Updater(name, METADATA_URL, fetcher=fetcher, config=_CONFIG, bootstrap=root_bytes)
        # Nothing expires before 1970: signatures, thresholds, versions and hashes decide alone.
        trusted = updater._trusted_set  # pinned by tests/contract/test_tuf_client.py
        trusted.reference_time = _BEFORE_ANY_EXPIRY
        updater.refresh()
        assignment = updater.get_targetinfo(depot.assignment_target(hub_id))
        publishers = _publishers(trusted.targets)
        packs = tuple(_offer(updater, wanted, publishers) for wanted in _assigned(assignment))
        office = updater.get_targetinfo(depot.OFFICE_TARGET)
        roles = dict(trusted._trusted_set)
        files = read_scratch(scratch, roles, trusted.root.version)
    if office is None:
        return _Verified(roles, assignment, packs, files, None, ())
    return _Verified(roles, assignment, packs, files, _seal_key(office), _host_keys(office))


def _publishers(top: Targets) -> list[DelegatedRole]:
    """Return the roles of publishers: those to which `targets` delegates packs before PACKS itself."""
    delegated = top.delegations.roles if top.delegations is not None else None
    return [role for name, role in (delegated or {}).items() if name.startswith(PUBLISHER)]


@dataclass(frozen=True, slots=True)
class _Assigned:
    pack_id: str
    version: int
    priority: int
    replace: bool
    quiet_hours: str = ""
    day_mb: int = 0
    ignored: str = ""


def _assigned(assignment: TargetFile | None) -> list[_Assigned]:
    """Return what an assignment target says of each of its packs."""
    custom = _custom(assignment) if assignment is not None else {"packs": []}
    packs = custom.get("packs")
    if not isinstance(packs, list) or len(packs) > _MAX_PACKS:
        raise BadDataError(f"assignment: packs: expected a list of at most {_MAX_PACKS}, got {packs!r:.80}")
    return [_assigned_pack(entry) for entry in packs]


def _assigned_pack(entry: object) -> _Assigned:
    values = entry if isinstance(entry, dict) else {}
    pack_id = _text(values, "id", "assignment")
    if not depot.is_pack_id(pack_id):
        raise BadDataError(f"assignment: expected a pack's id, got {pack_id!r:.80}")
    priority = values.get("priority", 0)
    if not isinstance(priority, int) or not -MAX_PRIORITY <= priority <= MAX_PRIORITY:
        raise BadDataError(f"assignment: {pack_id}: priority: expected -9 to 9, got {priority!r:.80}")
    replace = values.get("replace") is True
    version = _count(values, "version", "assignment")
    quiet_hours, day_mb = values.get("quiet_hours", ""), values.get("day_mb", 0)
    # Who can sign assignments may hold content up; a value that is none must not keep everything away.
    ignored = []
    if not isinstance(quiet_hours, str) or len(quiet_hours) > _MAX_QUIET_HOURS:
        ignored.append(f"quiet_hours {quiet_hours!r:.80}")
        quiet_hours = ""
    if not isinstance(day_mb, int) or isinstance(day_mb, bool) or not 0 <= day_mb <= MAX_DAY_MB:
        ignored.append(f"day_mb {day_mb!r:.80}")
        day_mb = 0
    return _Assigned(pack_id, version, int(priority), replace, quiet_hours, day_mb, ", ".join(ignored))


def _offer(updater: Updater, wanted: _Assigned, publishers: Sequence[DelegatedRole]) -> Offer:
    pack_id, version = wanted.pack_id, wanted.version
    target = updater.get_targetinfo(depot.index_path(pack_id, version))
    if target is None:
        raise BadDataError(
            f"{pack_id} v{version} is assigned to this hub, but not published",
            hint="Ask the office to run any `central` command that changes something: it repairs the depot.",
        )
    custom = _custom(target)
    if "index_json_sha256" not in custom:  # docs/adr/0009-format-1-redefined.md
        raise UnknownFormatError(
            f"{target.path}: signed by an earlier, unreleased version of `central`: no index_json_sha256",
            hint="Ask the office for a new depot (central init DIR), and make this hub anew: hub init DIR",
        )
    kind = _text(custom, "kind", target.path)
    whose = next((role.name for role in publishers if role.is_delegated_path(target.path)), None)
    if whose is not None and kind in SYSTEM_KINDS:
        raise BadDataError(f"{target.path}: {whose} may not sign a pack of the kind {kind}")
    json_sha256 = _hex(custom, "index_json_sha256", target.path)
    json_size = _count(custom, "index_json_size", target.path)
    return Offer(
        pack_id=pack_id,
        version=version,
        kind=kind,
        title=_text(custom, "title", target.path),
        language=_text(custom, "language", target.path),
        index_sha256=_text(target.hashes, "sha256", target.path),
        index_length=target.length,
        index_json_sha256=json_sha256,
        index_json_size=json_size,
        download_bytes=_count(custom, "download_bytes", target.path),
        unpacked_bytes=_count(custom, "unpacked_bytes", target.path),
        deltas=_deltas(custom, target.path, DeltaOffer(0, version, 0, 0, json_sha256, json_size)),
        priority=wanted.priority,
        replace=wanted.replace,
        quiet_hours=wanted.quiet_hours,
        day_mb=wanted.day_mb,
        ignored=wanted.ignored,
    )


def _deltas(custom: Mapping[str, Any], where: str, last: DeltaOffer) -> tuple[DeltaOffer, ...]:
    """Return the deltas of a pack target; those that end at its version do not repeat what `last` says."""
    entries = custom.get("deltas", [])
    if not isinstance(entries, list) or len(entries) > _MAX_DELTAS:
        raise BadDataError(f"{where}: deltas: expected at most {_MAX_DELTAS}, got {entries!r:.80}")
    found = []
    for values in entries:
        if not isinstance(values, dict):
            raise BadDataError(f"{where}: deltas: expected an object, got {values!r:.80}")
        ends_here = "to" not in values
        delta = DeltaOffer(
            from_version=_count(values, "from", where),
            to_version=last.to_version if ends_here else _count(values, "to", where),
            size=_count(values, "size", where),
            head_size=_count(values, "head_size", where),
            index_json_sha256=last.index_json_sha256
            if ends_here
            else _hex(values, "index_json_sha256", where),
            index_json_size=last.index_json_size if ends_here else _count(values, "index_json_size", where),
        )
        if not (delta.from_version < delta.to_version <= last.to_version and delta.head_size <= delta.size):
            raise BadDataError(f"{where}: deltas: {values!r:.200} contradicts itself")
        found.append(delta)
    return tuple(found)


def _seal_key(office: TargetFile) -> bytes:
    return bytes.fromhex(_hex(_custom(office), "seal_key", office.path))


def _host_keys(office: TargetFile) -> tuple[str, ...]:
    """Return the depot's host keys; one of a kind that this program does not know is left out."""
    lines = _custom(office).get("host_keys", [])
    if not isinstance(lines, list) or len(lines) > _MAX_HOST_KEYS:
        raise BadDataError(f"{office.path}: host_keys: expected at most {_MAX_HOST_KEYS}, got {lines!r:.80}")
    return tuple(str(line) for line in lines if is_host_key(str(line)))


def _custom(target: TargetFile) -> dict[str, Any]:
    custom = target.custom
    if not isinstance(custom, dict):
        raise BadDataError(f"{target.path}: custom: expected an object, got {custom!r:.80}")
    return custom


def _text(values: Mapping[str, Any], name: str, where: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise BadDataError(f"{where}: {name}: expected text, got {value!r:.80}")
    return value


def _hex(values: Mapping[str, Any], name: str, where: str) -> str:
    value = _text(values, name, where)
    if not _SHA256.fullmatch(value):
        raise BadDataError(f"{where}: {name}: expected 64 hexadecimal digits, got {value!r:.80}")
    return value


def _count(values: Mapping[str, Any], name: str, where: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadDataError(f"{where}: {name}: expected a number from 0, got {value!r:.80}")
    return value


def _offers(verified: _Verified, hub_id: str, now: datetime, *, from_cache: bool = False) -> Offers:
    if verified.assignment is None:
        raise IdentityError(
            f"this depot knows no hub {hub_id}",
            hint="Ask the office to enrol it: `central enrol HUB_ID PUBKEY_FILE --school NAME`.",
        )
    stale = tuple(sorted(role for role, signed in verified.roles.items() if signed.is_expired(now)))
    timestamp = verified.roles[Timestamp.type]
    signed_at = _parse_time(timestamp.unrecognized_fields.get(SIGNED_AT))
    return Offers(hub_id, verified.packs, stale, signed_at, verified.seal_key, verified.host_keys, from_cache)


def _parse_time(text: object) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return parsed if parsed is not None and parsed.tzinfo is not None else None


# The first class that fits wins, so subclasses stand before their bases.
_TRANSLATIONS: tuple[tuple[type[Exception], type[Error], str], ...] = (
    (tuf_errors.UnsignedMetadataError, BadSignatureError, "not signed by the office's keys"),
    (tuf_errors.BadVersionNumberError, VersionRollbackError, "older than what this hub has seen"),
    (tuf_errors.LengthOrHashMismatchError, HashMismatchError, "metadata of two states, or damaged"),
    (tuf_errors.RepositoryError, BadDataError, "malformed metadata"),
    (tuf_errors.DownloadHTTPError, NotFoundError, "metadata is missing"),
    (tuf_errors.DownloadError, BadDataError, "metadata is too long"),
)
_HINT = "Nothing was changed. If it stays so, tell the office: any `central` command repairs the metadata."
_FOREIGN_HINT = (
    "Nothing was changed. This is another office's depot or stick, or a damaged one: take the stick out, or "
    "correct depot_url in hub.toml. If it is your own office's, tell the office."
)


@contextmanager
def _translated(source: str) -> Iterator[None]:
    """Turn the client's errors into ours; ours come out as they went in, with advice if they have none."""
    try:
        yield
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError) as error:
        if isinstance(error.__cause__, Error):
            raise _advised(error.__cause__) from None
        ours, meaning = next((o, m) for theirs, o, m in _TRANSLATIONS if isinstance(error, theirs))
        hint = _FOREIGN_HINT if ours is BadSignatureError else _HINT
        raise ours(f"{source}: {meaning}: {error}", hint=hint) from error
    except BadDataError as error:
        raise _advised(error) from error.__cause__
    except OSError as error:
        raise local_error(error, "keeping metadata in a temporary folder") from error


def _advised(error: Error) -> Error:
    if isinstance(error, BadDataError):
        error.hint = error.hint or _HINT
    return error

"""What this hub may and should have now: TUF's client on one side, offers on the other.

What blocks is a signature, a threshold, a version that goes back, a hash. Expiry only warns, since a hub
has no clock and may be away for years: docs/adr/0002-trust.md.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import Metadata, Root, Signed, TargetFile, Timestamp
from tuf.ngclient import Updater, UpdaterConfig

from content_packs import depot
from content_packs.errors import (
    BadDataError,
    BadSignatureError,
    Error,
    HashMismatchError,
    IdentityError,
    NotFoundError,
    VersionRollbackError,
    local_error,
)
from content_packs.head import MAX_HEAD_BYTES, decode_head
from content_packs.transports.transport import Transport
from content_packs.trust_cache import fill_scratch, read_cache, read_scratch, write_cache
from content_packs.trust_fetcher import (
    MAX_METADATA_BYTES,
    MAX_ROOT_BYTES,
    MAX_ROOT_ROTATIONS,
    METADATA_URL,
    HeadFirstFetcher,
)

SIGNED_AT = "signed_at"  # our field of the timestamp role: docs/format/depot-v1.md §4.6
_BEFORE_ANY_EXPIRY = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_PACKS = 10_000
_CONFIG = UpdaterConfig(
    max_root_rotations=MAX_ROOT_ROTATIONS,
    root_max_length=MAX_ROOT_BYTES,
    timestamp_max_length=MAX_METADATA_BYTES,
    snapshot_max_length=MAX_METADATA_BYTES,
    targets_max_length=MAX_METADATA_BYTES,
)


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
    download_bytes: int  # of blocks and objects, the index not counted
    unpacked_bytes: int


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything that this hub shall have, verified. `stale` names the roles that have expired."""

    hub_id: str
    packs: tuple[Offer, ...]
    stale: tuple[str, ...]
    signed_at: datetime | None  # when the office signed the newest metadata: raises the clock's floor
    from_cache: bool = False  # nothing newer was there; this is what the hub knew already


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
) -> Offers:
    """Read the head through `transport`, verify it against what is known, keep it, return the offers.

    `root_bytes` is the root that the hub came with. A refused refresh leaves `trust_dir` as it was.
    `older_is_fine` is for sticks: metadata older than the hub's own is then no error, and the offers
    are those the hub knew already.

    Raises:
        BadSignatureError: not signed by enough of the right keys.
        VersionRollbackError: older than what this hub has seen.
        HashMismatchError, NotFoundError, BadDataError: damaged, incomplete or malformed metadata.
        IdentityError: this depot knows no such hub.
        LinkError, LocalError: as the transport and this disk raise them.
    """
    known = read_cache(trust_dir)
    [head] = transport.read_files([depot.head_path(hub_id)], max_bytes=MAX_HEAD_BYTES)
    with _translated(transport.url):
        files = None if head is None else decode_head(head)
    try:
        verified = _verify(HeadFirstFetcher(files, transport), known, root_bytes, hub_id, transport.url)
    except VersionRollbackError:
        offers = offers_from_cache(trust_dir, root_bytes, hub_id, now=now) if older_is_fine else None
        if offers is None:
            raise
        return offers
    write_cache(trust_dir, verified.files)
    return _offers(verified, hub_id, now)


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
        packs = tuple(_offer(updater, wanted) for wanted in _assigned(assignment))
        roles = dict(trusted._trusted_set)
        files = read_scratch(scratch, roles, trusted.root.version)
    return _Verified(roles, assignment, packs, files)


def _assigned(assignment: TargetFile | None) -> list[tuple[str, int]]:
    """Return (pack id, version) of each pack in an assignment target."""
    custom = _custom(assignment) if assignment is not None else {"packs": []}
    packs = custom.get("packs")
    if not isinstance(packs, list) or len(packs) > _MAX_PACKS:
        raise BadDataError(f"assignment: packs: expected a list of at most {_MAX_PACKS}, got {packs!r:.80}")
    return [_assigned_pack(entry) for entry in packs]


def _assigned_pack(entry: object) -> tuple[str, int]:
    values = entry if isinstance(entry, dict) else {}
    pack_id = _text(values, "id", "assignment")
    if not depot.is_pack_id(pack_id):
        raise BadDataError(f"assignment: expected a pack's id, got {pack_id!r:.80}")
    return pack_id, _count(values, "version", "assignment")


def _offer(updater: Updater, wanted: tuple[str, int]) -> Offer:
    pack_id, version = wanted
    target = updater.get_targetinfo(depot.index_path(pack_id, version))
    if target is None:
        raise BadDataError(
            f"{pack_id} v{version} is assigned to this hub, but not published",
            hint="Ask the office to run any `central` command that changes something: it repairs the depot.",
        )
    custom = _custom(target)
    return Offer(
        pack_id=pack_id,
        version=version,
        kind=_text(custom, "kind", target.path),
        title=_text(custom, "title", target.path),
        language=_text(custom, "language", target.path),
        index_sha256=_text(target.hashes, "sha256", target.path),
        index_length=target.length,
        download_bytes=_count(custom, "download_bytes", target.path),
        unpacked_bytes=_count(custom, "unpacked_bytes", target.path),
    )


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


def _count(values: Mapping[str, Any], name: str, where: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BadDataError(f"{where}: {name}: expected a number from 0, got {value!r:.80}")
    return value


def _offers(verified: _Verified, hub_id: str, now: datetime, *, from_cache: bool = False) -> Offers:
    if verified.assignment is None:
        raise IdentityError(
            f"this depot knows no hub {hub_id}",
            hint="Ask the office to enrol it: central enrol HUB_ID PUBKEY_FILE --school NAME",
        )
    stale = tuple(sorted(role for role, signed in verified.roles.items() if signed.is_expired(now)))
    timestamp = verified.roles[Timestamp.type]
    signed_at = _parse_time(timestamp.unrecognized_fields.get(SIGNED_AT))
    return Offers(hub_id, verified.packs, stale, signed_at, from_cache)


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


@contextmanager
def _translated(source: str) -> Iterator[None]:
    """Turn the client's errors into ours; ours come out as they went in, with advice if they have none."""
    try:
        yield
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError) as error:
        if isinstance(error.__cause__, Error):
            raise _advised(error.__cause__) from None
        ours, meaning = next((o, m) for theirs, o, m in _TRANSLATIONS if isinstance(error, theirs))
        raise ours(f"{source}: {meaning}: {error}", hint=_HINT) from error
    except BadDataError as error:
        raise _advised(error) from error.__cause__
    except OSError as error:
        raise local_error(error, "keeping metadata in a temporary folder") from error


def _advised(error: Error) -> Error:
    if isinstance(error, BadDataError):
        error.hint = error.hint or _HINT
    return error

"""A hub reads a real depot: what is signed and newer gets through, everything else is refused."""

import json
import random
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Targets
from tuf.api.serialization.json import JSONSerializer

from content_packs import depot as names
from content_packs import trust
from content_packs.errors import (
    BadDataError,
    BadSignatureError,
    IdentityError,
    LinkDownError,
    NotFoundError,
    VersionRollbackError,
)
from content_packs.head import decode_head, encode_head
from content_packs.transports.local import open_local
from content_packs.trust_cache import COPIES
from content_packs.trust_fetcher import MAX_METADATA_BYTES, MAX_ROOT_ROTATIONS
from provisioning.central.keys import KeyRing
from support.office import HUB, NOW, HubTrust, OfficeAtWork, versions


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """An office with maths v1, assigned to one hub; tests work on copies of it."""
    return OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


@pytest.fixture
def hub(work, tmp_path):
    return HubTrust(work.root_bytes, tmp_path / "hub" / "trust")


@pytest.fixture(scope="module")
def second_day(first_day, tmp_path_factory):
    """(work, hub): the hub knows v1; since then the office has signed a new version of every role."""
    work = first_day.copy(tmp_path_factory.mktemp("second-day") / "central")
    hub = HubTrust(work.root_bytes, work.office.dir.parent / "trust")
    hub.refresh(work.office.depot)
    work.now += timedelta(days=3000)
    work.publish(work.build("maths", 2))
    return work, hub


@pytest.fixture
def news(second_day, tmp_path):
    """A copy of the second day."""
    work, hub = second_day
    shutil.copytree(hub.trust_dir, tmp_path / "trust")
    return work.copy(tmp_path / "central"), HubTrust(hub.root_bytes, tmp_path / "trust")


def remember(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}


def without_head(depot):
    shutil.rmtree(depot / "heads")
    without_news(depot)


def without_news(depot):
    """So that the head itself is read: by a hub whose own is too old."""
    shutil.rmtree(depot / "news")


def test_offers_what_is_assigned_with_what_a_plan_needs(work, hub):
    [offer] = hub.refresh(work.office.depot).packs
    index = (work.office.depot / names.index_path("maths", 1)).read_bytes()
    assert (offer.pack_id, offer.version, offer.kind, offer.title) == ("maths", 1, "web", "Урок")
    assert offer.index_length == len(index)
    assert offer.unpacked_bytes > 0
    assert offer.download_bytes > 0


def test_follows_a_new_version_then_a_withdrawal(work, hub):
    assert hub.offered(work.office.depot) == {"maths": 1}
    work.publish(work.build("maths", 2))
    assert hub.offered(work.office.depot) == {"maths": 2}
    work.withdraw("maths", 2)
    assert hub.offered(work.office.depot) == {"maths": 1}


def test_head_is_the_only_file_that_is_read(work, hub):
    shutil.rmtree(work.office.tuf)
    assert hub.offered(work.office.depot) == {"maths": 1}


def test_missing_head_is_replaced_by_the_metadata_files(work, hub):
    without_head(work.office.depot)
    assert hub.offered(work.office.depot) == {"maths": 1}


def test_enrolled_hub_without_packs_has_no_offers(work, hub):
    work.unassign("maths")
    assert hub.offered(work.office.depot) == {}


@pytest.mark.parametrize("known_before", [False, True])
def test_unknown_or_revoked_hub_is_told_so(work, hub, known_before):
    if known_before:
        hub.refresh(work.office.depot)
    work.revoke()
    with pytest.raises(IdentityError, match="knows no hub h-1"):
        hub.refresh(work.office.depot)


def test_what_it_knew_is_offered_without_a_depot(work, hub):
    assert trust.offers_from_cache(hub.trust_dir, hub.root_bytes, HUB, now=NOW) is None
    hub.refresh(work.office.depot)
    offers = trust.offers_from_cache(hub.trust_dir, hub.root_bytes, HUB, now=NOW)
    assert versions(offers) == {"maths": 1}
    assert offers.from_cache


# --- tampering ---


def tampered(data, seed):
    """Return the data with one byte changed, but not a hex digit into the same digit in capitals."""
    rng = random.Random(seed)
    position = rng.randrange(len(data))
    others = set(range(256)) - {data[position], data[position] ^ 0x20}
    return data[:position] + bytes([rng.choice(sorted(others))]) + data[position + 1 :]


@pytest.mark.parametrize("seed", range(70))
def test_any_changed_byte_of_any_metadata_file_changes_nothing(news, seed):
    work, hub = news
    good = remember(hub.trust_dir)
    without_head(work.office.depot)
    path = work.office.tuf / needed_files_of(work)[seed % 7]
    path.write_bytes(tampered(path.read_bytes(), seed))
    with pytest.raises(BadDataError):
        hub.refresh(work.office.depot)
    assert remember(hub.trust_dir) == good


def needed_files_of(work):
    timestamp = json.loads((work.office.tuf / "timestamp.json").read_bytes())["signed"]
    number = timestamp["meta"]["snapshot.json"]["version"]
    snapshot = json.loads((work.office.tuf / f"{number}.snapshot.json").read_bytes())["signed"]
    roles = [name.removesuffix(".json") for name in snapshot["meta"]]
    files = {role: f"{snapshot['meta'][f'{role}.json']['version']}.{role}.json" for role in roles}
    bins = [files[_bin("packs", "packs/maths/2/index.zst")], files[_bin("hubs", f"assignments/{HUB}")]]
    return [
        "timestamp.json",
        f"{number}.snapshot.json",
        files["targets"],
        files["packs"],
        files["assignments"],
        *bins,
    ]


def _bin(prefix, path):
    """The bin of a target with one bit of hash: the tests' own reading of docs/format/depot-v1.md §4.4."""
    import hashlib

    return f"{prefix}-{hashlib.sha256(path.encode()).digest()[0] >> 7}"


@pytest.mark.parametrize("seed", range(40))
def test_any_changed_byte_of_the_head_changes_nothing(news, seed):
    work, hub = news
    good = remember(hub.trust_dir)
    head = work.office.heads / HUB
    data = bytearray(head.read_bytes())
    data[random.Random(seed).randrange(len(data))] ^= 0xFF
    head.write_bytes(data)
    without_news(work.office.depot)
    with pytest.raises(BadDataError):
        hub.refresh(work.office.depot)
    assert remember(hub.trust_dir) == good


@pytest.mark.parametrize("position", range(7))
def test_changed_content_behind_an_old_signature_is_a_bad_signature(news, position):
    work, hub = news
    name = needed_files_of(work)[position]
    files = decode_head((work.office.heads / HUB).read_bytes())
    document = json.loads(files[name])
    document["signed"]["expires"] = "2099-01-01T00:00:00Z"
    files[name] = json.dumps(document).encode()
    (work.office.heads / HUB).write_bytes(encode_head(files))
    without_news(work.office.depot)
    with pytest.raises(BadSignatureError):
        hub.refresh(work.office.depot)


def test_metadata_of_another_office_is_a_bad_signature(work, hub, tmp_path):
    other = OfficeAtWork.found(tmp_path / "other")
    other.publish(other.build("maths", 7))
    other.enrol()
    other.assign("maths")
    with pytest.raises(BadSignatureError, match="signed by 0/1 keys") as refused:
        hub.refresh(other.office.depot)
    assert "another office's depot or stick" in str(refused.value.hint)
    assert "take the stick out" in str(refused.value.hint)


def test_pack_signed_by_another_key_is_refused(news, tmp_path):
    """Whoever runs the depot's host offers a pack of its own making."""
    work, hub = news
    thief = CryptoSigner.generate_ed25519()
    path = work.office.tuf / needed_files_of(work)[5]
    metadata = Metadata[Targets].from_bytes(path.read_bytes())
    metadata.sign(thief)
    path.write_bytes(metadata.to_bytes())
    without_head(work.office.depot)
    with pytest.raises(BadSignatureError, match=r"packs-\d was signed by 0/1 keys"):
        hub.refresh(work.office.depot)
    assert versions(trust.offers_from_cache(hub.trust_dir, hub.root_bytes, HUB, now=NOW)) == {"maths": 1}


@pytest.mark.parametrize("role", ["snapshot", "targets", "packs", "assignments"])
def test_missing_metadata_is_not_found(work, hub, role):
    without_head(work.office.depot)
    for path in work.office.tuf.glob(f"*.{role}.json"):
        path.unlink()
    with pytest.raises(NotFoundError, match=role):
        hub.refresh(work.office.depot)


# --- going back ---


def test_depot_that_goes_back_is_refused(work, hub, tmp_path):
    shutil.copytree(work.office.depot, tmp_path / "old")
    work.publish(work.build("maths", 2))
    hub.refresh(work.office.depot)
    before = remember(hub.trust_dir)
    with pytest.raises(VersionRollbackError, match="older than what this hub has seen"):
        hub.refresh(tmp_path / "old")
    assert remember(hub.trust_dir) == before


def test_older_stick_is_nothing_new(work, hub, tmp_path):
    shutil.copytree(work.office.depot, tmp_path / "stick")
    work.publish(work.build("maths", 2))
    hub.refresh(work.office.depot)
    offers = hub.refresh(tmp_path / "stick", older_is_fine=True)
    assert versions(offers) == {"maths": 2}
    assert offers.from_cache


def test_newer_timestamp_over_an_older_snapshot_is_refused(work, hub):
    old = next(work.office.tuf.glob(f"{_newest(work, 'snapshot')}.snapshot.json")).read_bytes()
    work.publish(work.build("maths", 2))
    hub.refresh(work.office.depot)
    work.publish(work.build("maths", 3))
    without_head(work.office.depot)
    (work.office.tuf / f"{_newest(work, 'snapshot')}.snapshot.json").write_bytes(old)
    with pytest.raises(VersionRollbackError):
        hub.refresh(work.office.depot)


def _newest(work, role):
    return max(int(path.name.split(".")[0]) for path in work.office.tuf.glob(f"*.{role}.json"))


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\0" * 99]
)
@pytest.mark.parametrize("copy", COPIES)
def test_damaged_copy_neither_stops_the_hub_nor_lets_it_go_back(work, hub, tmp_path, damage, copy):
    shutil.copytree(work.office.depot, tmp_path / "old")
    work.publish(work.build("maths", 2))
    hub.refresh(work.office.depot)
    path = hub.trust_dir / copy
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(VersionRollbackError):
        hub.refresh(tmp_path / "old")
    assert hub.offered(work.office.depot) == {"maths": 2}
    assert len({(hub.trust_dir / name).read_bytes() for name in COPIES}) == 1  # healed


def test_hub_recovers_when_both_copies_are_gone(work, hub):
    hub.refresh(work.office.depot)
    for name in COPIES:
        (hub.trust_dir / name).write_bytes(b"")
    assert hub.offered(work.office.depot) == {"maths": 1}


def test_nothing_new_writes_nothing(work, hub):
    hub.refresh(work.office.depot)
    before = {name: (hub.trust_dir / name).stat().st_mtime_ns for name in COPIES}
    hub.refresh(work.office.depot)
    assert {name: (hub.trust_dir / name).stat().st_mtime_ns for name in COPIES} == before


# --- time ---


def test_three_years_old_metadata_is_accepted_and_reported(work, hub):
    offers = hub.refresh(work.office.depot, now=NOW + timedelta(days=3 * 365))
    assert versions(offers) == {"maths": 1}
    assert {"timestamp", "snapshot", "targets", "packs", "assignments"} <= set(offers.stale)
    assert "root" not in offers.stale


@pytest.mark.parametrize("year", [1970, 2021, 2099])
def test_any_clock_installs_what_is_signed(work, hub, year):
    offers = hub.refresh(work.office.depot, now=datetime(year, 11, 25, tzinfo=UTC))
    assert versions(offers) == {"maths": 1}
    assert bool(offers.stale) == (year == 2099)


def test_tells_when_the_office_signed(work, hub):
    assert hub.refresh(work.office.depot).signed_at == NOW


def test_hub_that_was_off_for_three_years_installs_what_is_newer(work, hub):
    hub.refresh(work.office.depot)
    work.now += timedelta(days=3 * 365)
    work.publish(work.build("maths", 2))
    offers = hub.refresh(work.office.depot, now=work.now)
    assert versions(offers) == {"maths": 2}
    assert offers.stale == ()


# --- roots ---


def rotate_roots(work, last):
    """Sign roots 2 to `last`; each is expired from its first day, so only the chain counts."""
    ring = KeyRing(work.office.keys)
    metadata = Metadata[Root].from_bytes(work.root_bytes)
    for version in range(2, last + 1):
        metadata.signed.version = version
        metadata.signed.expires = datetime(2020, 1, 1, tzinfo=UTC)
        metadata.signatures.clear()
        for name in ("root-1", "root-3"):  # the second key is lost
            metadata.sign(ring.signer(name), append=True)
        data = metadata.to_bytes(JSONSerializer(compact=True))
        (work.office.tuf / f"{version}.root.json").write_bytes(data)
    work.touch()


@pytest.mark.parametrize("with_head", [True, False])
def test_walks_forty_roots_in_one_go(work, hub, with_head):
    hub.refresh(work.office.depot)
    rotate_roots(work, 40)
    if not with_head:
        without_head(work.office.depot)
    offers = hub.refresh(work.office.depot)
    assert versions(offers) == {"maths": 1}
    assert offers.stale == ("root",)
    for path in work.office.tuf.glob("*.root.json"):
        path.unlink()  # the hub keeps the chain that it has walked
    assert hub.offered(work.office.depot) == {"maths": 1}


def put_into_head(work, **files):
    head = work.office.heads / HUB
    texts = decode_head(head.read_bytes()) | {name.replace("_", "."): text for name, text in files.items()}
    head.write_bytes(encode_head(texts))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("version", [1 + MAX_ROOT_ROTATIONS + 1, 10_000, 999_999_999])
def test_head_that_names_a_root_far_away_is_refused_before_anything_is_read(work, hub, version):
    put_into_head(work, **{f"{version}_root_json": b"{}"})
    with pytest.raises(BadDataError, match=f"names root {version}, but this hub knows root 1"):
        refresh_over_cut_link(work, hub, 1)  # the head alone
    assert not hub.trust_dir.exists()


def test_head_that_names_a_root_just_near_enough_is_read_from_the_depot(work, hub):
    put_into_head(work, **{f"{1 + MAX_ROOT_ROTATIONS}_root_json": b"{}"})
    with pytest.raises(LinkDownError):
        refresh_over_cut_link(work, hub, 1)


def test_walks_as_many_roots_as_are_allowed_at_once(work, hub):
    rotate_roots(work, 1 + MAX_ROOT_ROTATIONS)
    assert hub.offered(work.office.depot) == {"maths": 1}


def test_roots_of_a_hostile_depot_are_read_in_small_numbers(work, hub):
    """None of them is verified yet, so they must not fill a Pi's memory."""
    put_into_head(work, **{f"{1 + MAX_ROOT_ROTATIONS}_root_json": b"{}"})
    for version in range(2, 1 + MAX_ROOT_ROTATIONS):
        (work.office.tuf / f"{version}.root.json").write_bytes(b"{}")
    asked = []
    with open_local(work.office.depot) as transport, pytest.raises(BadDataError):
        real = transport.read_files
        transport.read_files = lambda paths, max_bytes: (
            asked.append(len(paths) * max_bytes),
            real(paths, max_bytes=max_bytes),
        )[1]
        trust.refresh(transport, trust_dir=hub.trust_dir, root_bytes=hub.root_bytes, hub_id=HUB, now=NOW)
    assert len(asked) == 2
    assert max(asked) < 64_000_000


HOSTILE_TEXTS = {
    "empty": b"",
    "a number": b"1",
    "deep": b"[" * 100_000,
    "a long number": b"9" * 10_000,
    "no members": b'{"signatures": [], "signed": {}}',
    "another role": b'{"signatures": [], "signed": {"_type": "root"}}',
    "a huge version": b'{"signatures": [], "signed": {"_type": "timestamp", "version": 1e400}}',
    "twice the same": b'{"signatures": [], "signatures": [], "signed": {"_type": "timestamp"}}',
    "too long": b" " * (MAX_METADATA_BYTES + 1),
}


@pytest.mark.parametrize("what", HOSTILE_TEXTS)
@pytest.mark.parametrize("name", ["timestamp.json", "2.root.json"])
def test_hostile_text_in_the_head_is_bad_data(work, hub, what, name):
    put_into_head(work, **{name.replace(".", "_"): HOSTILE_TEXTS[what]})
    with pytest.raises(BadDataError):
        hub.refresh(work.office.depot)
    assert not hub.trust_dir.exists()


def test_root_that_skips_the_threshold_is_refused(work, hub):
    rotate_roots(work, 3)
    head = work.office.heads / HUB
    files = decode_head(head.read_bytes())
    document = json.loads(files["3.root.json"])
    document["signatures"].pop()
    files["3.root.json"] = json.dumps(document).encode()
    head.write_bytes(encode_head(files))
    with pytest.raises(BadSignatureError, match="root was signed by 1/2 keys"):
        hub.refresh(work.office.depot)


def test_check_root_takes_a_root_and_nothing_else(work):
    trust.check_root(work.root_bytes)
    for wrong in (b"", b"{}", (work.office.tuf / "timestamp.json").read_bytes()):
        with pytest.raises(BadDataError):
            trust.check_root(wrong)
    document = json.loads(work.root_bytes)
    document["signed"]["version"] = 2
    with pytest.raises(BadSignatureError):
        trust.check_root(json.dumps(document).encode())


# --- the link ---


class CutTransport:
    """A link that is gone after some files."""

    url = "cut"

    def __init__(self, depot, files_left):
        self._depot = depot
        self._files_left = files_left

    def read_files(self, paths, *, max_bytes):
        if not self._files_left:
            raise LinkDownError("cut", hint="Try later.")
        self._files_left -= 1
        with open_local(self._depot) as transport:
            return transport.read_files(paths, max_bytes=max_bytes)


def refresh_over_cut_link(work, hub, files_left):
    return hub.refresh_over(CutTransport(work.office.depot, files_left))


def test_is_there_news_costs_one_read(work, hub):
    assert versions(refresh_over_cut_link(work, hub, 1)) == {"maths": 1}


def test_roots_that_were_missed_cost_one_read_more(work, hub):
    rotate_roots(work, 40)
    assert versions(refresh_over_cut_link(work, hub, 2)) == {"maths": 1}


@pytest.mark.parametrize("files_left", range(8))
def test_cut_link_is_a_link_error_and_changes_nothing(work, hub, files_left):
    without_head(work.office.depot)
    with pytest.raises(LinkDownError):
        refresh_over_cut_link(work, hub, files_left)
    assert not hub.trust_dir.exists()

"""Signed metadata in the depot: signed anew when it is due, never on the word of the depot itself."""

import hashlib
import json
from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Targets

from content_packs.errors import BadDataError, LocalError
from content_packs.head import decode_head
from provisioning.central import metadata, roles
from provisioning.central.fleet import Assignment, Hub, Published, iso
from provisioning.central.release import change
from support.office import HUB, NOW, HubTrust, OfficeAtWork, new_key


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(work.build("maths", 1))
    work.enrol()
    return work


def current(work):
    return metadata.read_current(work.office.tuf, work.root_bytes)


def names(work):
    return {path.name for path in work.office.tuf.iterdir()}


def test_assigning_signs_one_bin_and_what_stands_above_it(work):
    before = names(work)
    work.assign("maths")
    added = sorted(name.split(".")[1] for name in names(work) - before)
    assert len(added) == 2
    assert added[0].startswith("hubs-")
    assert added[1] == "snapshot"


def test_nothing_new_signs_nothing(work):
    before = {path: path.stat().st_mtime_ns for path in work.office.depot.rglob("*")}
    work.touch()
    assert {path: path.stat().st_mtime_ns for path in work.office.depot.rglob("*")} == before


def test_timestamp_is_signed_anew_when_half_its_time_is_over(work):
    version = current(work).timestamp.version
    work.now += timedelta(days=44)
    work.touch()
    assert current(work).timestamp.version == version
    work.now += timedelta(days=2)
    work.touch()
    assert current(work).timestamp.version == version + 1
    assert current(work).snapshot.version == current(work).timestamp.snapshot_meta.version


def test_offline_roles_are_signed_anew_when_their_keys_are_there(work, tmp_path):
    offline = work.office.keys / "offline"
    work.now += timedelta(days=500)
    offline.rename(tmp_path / "safe")
    work.touch()
    assert current(work).targets["targets"].version == 1
    (tmp_path / "safe").rename(offline)
    work.touch()
    assert current(work).targets["targets"].version == 2


def test_assigning_needs_no_offline_key_and_publishing_says_which_it_needs(work, tmp_path):
    (work.office.keys / "offline").rename(tmp_path / "safe")
    work.assign("maths")
    with pytest.raises(LocalError, match=r"offline/packs\.pem is not here") as caught:
        work.publish(work.build("maths", 2))
    assert "stick" in caught.value.hint


def test_delegations_that_the_depots_host_slipped_in_are_not_signed(work):
    """The host gives itself the right to sign packs, and waits for the office to sign that."""
    path = work.office.tuf / "1.packs.json"
    thief = Metadata[Targets].from_bytes(path.read_bytes())
    key = CryptoSigner.generate_ed25519().public_key
    thief.signed.delegations.keys = {key.keyid: key}
    thief.signed.delegations.succinct_roles.keyids = [key.keyid]
    path.write_bytes(thief.to_bytes())
    before = names(work)
    with pytest.raises(BadDataError, match="packs was signed by 0/1 keys"):
        work.publish(work.build("maths", 2))
    assert names(work) == before


def test_missing_metadata_is_named(work):
    (work.office.tuf / "1.targets.json").unlink()
    with pytest.raises(BadDataError, match=r"1\.targets\.json: is missing"):
        work.touch()


def _pack_row(number, version):
    def digest(what):
        return hashlib.sha256(f"{number} {version} {what}".encode()).hexdigest()

    title = f"Підручник номер {number}"
    sizes = (3_000_000 + number * 977, 9_000_000 + number * 1009)
    index = (digest("index"), 40_000 + number, digest("json"), 200_000 + number)
    return Published(f"pack-{number}", version, "web", title, "uk", *index, *sizes, iso(NOW))


def test_a_hub_of_a_large_fleet_reads_little(tmp_path):
    """200 packs, 40 for each hub; issue 3 wants at most 8 KiB on the wire, of which SSH takes 4."""
    work = OfficeAtWork.found(tmp_path / "large", hash_bits=roles.DEFAULT_HASH_BITS)

    def enrol_all(fleet):
        for number in range(200):
            fleet.save_pack(_pack_row(number, 1))
        for number in range(40):
            fleet.save_hub(Hub(f"h-{number}", "Школа", "all", new_key(), iso(NOW)))
            fleet.save_assignment(Assignment("ring", "all", f"pack-{number * 5}", None))

    change(work.office, enrol_all, doing="test", now=work.now)
    hub = HubTrust(work.root_bytes, tmp_path / "trust", "h-7")
    assert len(hub.refresh(work.office.depot).packs) == 40
    change(work.office, lambda fleet: fleet.save_pack(_pack_row(0, 2)), doing="test", now=work.now)
    nothing, update = sorted(path.stat().st_size for path in (work.office.depot / "news/h-7").iterdir())
    assert nothing < 20
    assert update < 800
    assert hub.offered(work.office.depot)["pack-0"] == 2
    assert (work.office.heads / "h-7").stat().st_size < 16 * 1024


def test_each_hub_sees_only_the_bins_that_it_needs(work, tmp_path):
    work.assign("maths")
    files = decode_head((work.office.heads / HUB).read_bytes())
    assert sum(".hubs-" in name for name in files) == 1
    assert sum(".packs-" in name for name in files) == 1
    assert json.loads(files["timestamp.json"])["signed"]["signed_at"] == work.now.isoformat()
    assert HubTrust(work.root_bytes, tmp_path / "trust").offered(work.office.depot) == {"maths": 1}

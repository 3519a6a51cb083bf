"""What content_packs/trust.py relies on inside python-tuf's client, beyond its documented interface.

If one of these fails after an update of `tuf`, trust.py must be looked at before anything else.
"""

from datetime import UTC, datetime, timedelta

import pytest
from tuf.api.exceptions import DownloadError, ExpiredMetadataError
from tuf.ngclient import Updater

from content_packs.depot import metadata_path
from content_packs.errors import LinkDownError
from content_packs.transports.local import open_local
from content_packs.trust_cache import ROOT_HISTORY
from content_packs.trust_fetcher import METADATA_URL, HeadFirstFetcher
from support.office import NOW, OfficeAtWork


@pytest.fixture
def work(tmp_path):
    return OfficeAtWork.found(tmp_path / "central")


@pytest.fixture
def updater(work, tmp_path):
    (tmp_path / "client").mkdir()
    with open_local(work.office.depot) as transport:
        fetcher = HeadFirstFetcher(None, transport)
        yield Updater(str(tmp_path / "client"), METADATA_URL, fetcher=fetcher, bootstrap=work.root_bytes)


def test_reference_time_can_be_given_and_decides_about_expiry(updater):
    updater._trusted_set.reference_time = NOW + timedelta(days=91)
    with pytest.raises(ExpiredMetadataError, match="timestamp"):
        updater.refresh()


def test_nothing_expires_before_1970(updater):
    updater._trusted_set.reference_time = datetime(1970, 1, 1, tzinfo=UTC)
    updater.refresh()


def test_verified_roles_can_be_listed(updater):
    updater._trusted_set.reference_time = NOW
    updater.refresh()
    assert sorted(updater._trusted_set._trusted_set) == ["root", "snapshot", "targets", "timestamp"]
    assert updater._trusted_set.root.version == 1


def test_files_lie_where_we_fill_and_read_them(updater, tmp_path):
    updater._trusted_set.reference_time = NOW
    updater.refresh()
    client = tmp_path / "client"
    assert (client / ROOT_HISTORY / "1.root.json").is_file()
    assert {"timestamp.json", "snapshot.json", "targets.json"} <= {path.name for path in client.iterdir()}


def test_addresses_are_depot_paths(updater, monkeypatch):
    asked = []
    real = HeadFirstFetcher._fetch
    monkeypatch.setattr(HeadFirstFetcher, "_fetch", lambda self, url: (asked.append(url), real(self, url))[1])
    updater._trusted_set.reference_time = NOW
    updater.refresh()
    assert asked == [
        metadata_path(name) for name in ("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")
    ]


def test_our_errors_come_through_as_the_cause(updater, monkeypatch):
    def fail(self, url):
        raise LinkDownError("cut")

    monkeypatch.setattr(HeadFirstFetcher, "_fetch", fail)
    with pytest.raises(DownloadError) as caught:
        updater.refresh()
    assert isinstance(caught.value.__cause__, LinkDownError)

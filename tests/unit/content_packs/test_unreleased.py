"""Format 1 as it was before the first release is refused by name: docs/adr/0009-format-1-redefined.md."""

import json

import pytest
from backports import zstd

from content_packs.errors import UnknownFormatError
from content_packs.index import read_index
from provisioning.central import roles
from support.office import HubTrust, OfficeAtWork

SHA = "ab" * 32
EARLIER_INDEX = {
    "format": 1,
    "pack": {"id": "a-b", "version": 3, "kind": "web", "title": "T", "language": "uk", "licence": "CC0-1.0"},
    "details": {"entry": "index.html"},
    "blocks": [{"part": 0, "start": 0, "size": 90, "raw": 100, "sha256": SHA, "codec": "zstd"}],
    "objects": [],
    "files": [{"path": "index.html", "size": 60, "sha256": "34" * 32, "block": 0, "offset": 40}],
    "extras": [],
}


def test_an_index_with_a_list_of_files_is_named():
    with pytest.raises(UnknownFormatError, match="before the first release") as caught:
        read_index(zstd.compress(json.dumps(EARLIER_INDEX).encode()), kinds=("web",))
    assert "packs build" in caught.value.hint


def test_metadata_that_do_not_name_the_index_unpacked_are_named(tmp_path, monkeypatch):
    pack_target = roles.pack_target

    def earlier(pack, steps=()):
        target = pack_target(pack, steps)
        del target.unrecognized_fields["custom"]["index_json_sha256"]
        return target

    monkeypatch.setattr(roles, "pack_target", earlier)
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(work.build("maths", 1))
    work.enrol()
    work.assign("maths")
    with pytest.raises(UnknownFormatError, match="unreleased version") as caught:
        HubTrust(work.root_bytes, tmp_path / "trust").refresh(work.office.depot)
    assert "central init" in caught.value.hint

"""What a hostile or broken stick may hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from content_packs.errors import BadDataError, LocalError
from content_packs.transports.local import LocalTransport, open_local
from content_packs.transports.transport import Range


@pytest.fixture
def depot(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"outside")
    folder = tmp_path / "depot"
    (folder / "packs").mkdir(parents=True)
    (folder / "packs" / "index").write_bytes(b"inside")
    return folder


@pytest.fixture
def transport(depot: Path) -> Iterator[LocalTransport]:
    with open_local(depot) as opened:
        yield opened


def refused(transport: LocalTransport, path: str) -> None:
    with pytest.raises(BadDataError, match="expected a plain file"):
        transport.read_files([path], max_bytes=100)
    with pytest.raises(BadDataError, match="expected a plain file"):
        list(transport.read_ranges([Range(path, 0, 1)]))


def test_link_to_a_file_is_refused(transport: LocalTransport, depot: Path) -> None:
    (depot / "out").symlink_to(depot.parent / "secret")
    (depot / "in").symlink_to("packs/index")
    refused(transport, "out")
    refused(transport, "in")


def test_link_to_a_folder_is_refused(transport: LocalTransport, depot: Path) -> None:
    (depot / "heads").symlink_to(depot.parent)
    refused(transport, "heads/secret")


def test_link_in_place_of_an_inbox_is_to_be_removed(transport: LocalTransport, depot: Path) -> None:
    (depot / "inbox").symlink_to(depot.parent)
    with pytest.raises(BadDataError, match="expected a folder") as refused:
        transport.write_files("inbox/h-1", {"000.seg": b"report"})
    assert "Remove inbox/h-1 from the stick" in str(refused.value.hint)


def test_pipe_does_not_stop_us(transport: LocalTransport, depot: Path) -> None:
    os.mkfifo(depot / "pipe")
    refused(transport, "pipe")


def test_file_in_place_of_a_folder_is_refused(transport: LocalTransport) -> None:
    refused(transport, "packs/index/000")


def test_depot_itself_may_be_reached_by_a_link(depot: Path, tmp_path: Path) -> None:
    (tmp_path / "media").symlink_to(depot)
    with open_local(tmp_path / "media") as transport:
        assert transport.read_files(["packs/index"], max_bytes=100) == [b"inside"]


def test_file_is_no_depot(depot: Path) -> None:
    with pytest.raises(LocalError, match="no such folder"):
        open_local(depot / "packs" / "index")


def test_no_descriptor_is_left_open(depot: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with open_local(depot) as transport:
        pieces = transport.read_ranges([Range("packs/index", 0, 6)])
        next(pieces)
        pieces.close()
        transport.read_files(["packs/index", "none"], max_bytes=10)
    assert len(os.listdir("/proc/self/fd")) == before

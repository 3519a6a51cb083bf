"""On a full disk the technician still signs in and switches the hub off: the ballast makes the room."""

from hub import ballast, jobs
from hub.accounts import add_account, prove_presence, sign_in
from hub.settings import HubPaths
from support.accounts import PASSWORD
from support.disks import fill, small_disk

SIZE = 8 * 1024 * 1024


def test_a_full_disk_keeps_nobody_from_signing_in_and_switching_off(tmp_path):
    with small_disk(tmp_path / "data", size_kb=40 * 1024) as disk:
        paths = HubPaths(disk / "hub")
        paths.dir.mkdir()
        add_account(paths, "technician", PASSWORD, role="technician")
        paths.ballast.write_bytes(bytes(SIZE))
        fill(disk, spare_kb=0)

        assert sign_in(paths, "technician", PASSWORD, address="10.83.16.50").is_right
        assert not prove_presence(paths, "K7RM-4XQ9", address="10.83.16.50").is_right
        assert jobs.ask(paths, "power-off") == "000001-power-off"


def test_the_ballast_stays_where_there_is_room(tmp_path):
    with small_disk(tmp_path / "data", size_kb=40 * 1024) as disk:
        paths = HubPaths(disk / "hub")
        paths.dir.mkdir()
        paths.ballast.write_bytes(bytes(SIZE))
        jobs.ask(paths, "power-off")
        assert ballast.ballast_bytes(paths) == SIZE

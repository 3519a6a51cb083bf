"""What the init's parts do to a disk and a clock: run in busybox's shell, judged by the usual programs."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.card import clock
from support.card import read_table

FOLDER = Path(__file__).parents[2] / "image" / "initramfs"
TOOLS = ("sh", "dd", "od", "sed", "printf", "date", "echo", "grep", "awk", "head")
MIB = 1024 * 1024
BUILT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def busybox(tmp_path_factory):
    """Run a script that has one of init's parts, in busybox's own shell, with busybox's own programs."""
    folder = tmp_path_factory.mktemp("busybox")
    for name in TOOLS:
        (folder / name).symlink_to("/usr/bin/busybox")

    def run(part, script, *arguments):
        return subprocess.run(
            [folder / "sh", "-c", f'. "{FOLDER / part}"\n{script}', "sh", *arguments],
            env={"PATH": str(folder), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def a_disk(path, size_mib, table):
    with path.open("wb") as file:
        file.truncate(size_mib * MIB)
    subprocess.run(["sfdisk", "--quiet", path], input=table.encode(), check=True, capture_output=True)
    return path


CARD = "label: dos\nlabel-id: 0xc1a55001\n8MiB,16MiB,c,*\n24MiB,8MiB,83\n32MiB,8MiB,83\n40MiB,8MiB,83\n"


@pytest.mark.parametrize("size_mib", [56, 1024, 8 * 1024 + 3, 256 * 1024, 3 * 1024 * 1024])
def test_the_last_partition_takes_what_is_there_and_nothing_else_changes(busybox, tmp_path, size_mib):
    disk = a_disk(tmp_path / "disk", 50, CARD)
    before = disk.read_bytes()[:512]
    with disk.open("r+b") as file:
        file.truncate(size_mib * MIB)
    for _ in range(2):  # a second time there is nothing left to take
        assert busybox("growth.sh", 'grow_partition "$1" "$2"', disk, str(size_mib * 2048)).returncode == 0
    with disk.open("rb") as file:
        after = file.read(512)
    assert before[:506] + after[506:510] + before[510:] == after
    told = subprocess.run(["sfdisk", "--json", disk], check=True, capture_output=True, text=True).stdout
    data = json.loads(told)["partitiontable"]["partitions"][3]
    end = min(size_mib * 2048, 40 * 2048 + 2**32 - 2048)
    assert data["start"] + data["size"] == end // 2048 * 2048
    assert read_table(after)[3].size == data["size"] * 512


def test_whether_a_partition_takes_writes_is_asked_of_a_sector_that_stays_as_it_is(busybox, tmp_path):
    """A card at its end refuses them: mounted, its first error would start the hub again, for ever."""
    disk = tmp_path / "data"
    disk.write_bytes(bytes(range(256)) * 64)
    before = disk.read_bytes()
    assert busybox("growth.sh", 'takes_writes "$1"', disk).returncode == 0
    assert disk.read_bytes() == before
    for refused in ("/dev/full", "", str(tmp_path)):
        assert busybox("growth.sh", 'takes_writes "$1"', refused).returncode != 0


@pytest.mark.parametrize(
    "table",
    [
        "label: dos\n8MiB,16MiB,c\n24MiB,8MiB,83\n",
        CARD.replace("40MiB,8MiB,83", "40MiB,8MiB,5"),
        "label: gpt\n",
    ],
)
def test_a_disk_that_is_not_laid_out_as_a_card_is_left_alone(busybox, tmp_path, table):
    disk = a_disk(tmp_path / "disk", 128, table)
    before = disk.read_bytes()
    assert busybox("growth.sh", 'grow_partition "$1" 262144', disk).returncode != 0
    assert disk.read_bytes() == before


def test_words_of_raspberry_pi_imager_are_dropped_and_ours_stay(busybox):
    ours = ["console=tty0", "hub.slot=a", "hub.disk=c1a55001", "panic=10", "net.ifnames=0"]
    theirs = [
        *("systemd.run=/boot/firstrun.sh", "systemd.run_success_action=reboot"),
        *("systemd.unit=kernel-command-line.target", "init=/usr/lib/raspi-config/init_resize.sh"),
    ]
    said = busybox("handover.sh", 'our_words "$@"', *ours[:3], *theirs, *ours[3:]).stdout.split()
    assert said == ours


def test_the_shell_reads_the_time_that_python_keeps(busybox, tmp_path):
    now = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)
    clock.keep_time(tmp_path, tmp_path / "trust", now=now)
    assert busybox("handover.sh", 'kept_time "$1"', tmp_path / "clock").stdout.split() == [
        str(int(now.timestamp()))
    ]
    assert clock.read_kept(tmp_path) == now


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1800000000\n",
        "1800000000\n1800000001\n",
        "x\nx\n",
        "1800000000",
        "\n\n",
        ("9" * 15 + "\n") * 2,
        "-5\n-5\n",
    ],
)
def test_a_damaged_time_is_none_for_both(busybox, tmp_path, text):
    (tmp_path / "clock").write_text(text)
    done = busybox("handover.sh", 'kept_time "$1"', tmp_path / "clock")
    assert (done.stdout, done.stderr) == ("", "")
    assert clock.read_kept(tmp_path) is None


# what the clock says, what was kept → what it is set to (None: it stays)
CLOCKS = [
    (datetime(1970, 1, 1, tzinfo=UTC), None, BUILT),
    (datetime(1970, 1, 1, tzinfo=UTC), datetime(2027, 5, 5, tzinfo=UTC), datetime(2027, 5, 5, tzinfo=UTC)),
    (datetime(2027, 6, 1, tzinfo=UTC), datetime(2027, 5, 5, tzinfo=UTC), None),
    (datetime(2099, 1, 1, tzinfo=UTC), datetime(2027, 5, 5, tzinfo=UTC), datetime(2027, 5, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("system", "kept", "then"), CLOCKS)
def test_a_clock_that_is_behind_what_is_known_is_set(busybox, tmp_path, system, kept, then):
    if kept:
        clock.keep_time(tmp_path, tmp_path / "trust", now=kept)
    assert clock.time_to_set(tmp_path, tmp_path / "trust", now=system) == then
    floors = [str(int(at.timestamp())) for at in (BUILT, kept) if at]
    fake = (
        'date() { case $1 in +%s) echo "$now_is" ;; *) echo "set $2" >&2 ;; esac; }; say() { :; }; now_is=$1'
    )
    script = f'{fake}; shift; raise_clock "$@"'
    said = busybox("handover.sh", script, str(int(system.timestamp())), *floors).stderr.strip()
    assert said == (f"set @{int(then.timestamp())}" if then else "")


def test_a_clock_that_was_set_back_by_a_person_is_kept_so(tmp_path):
    clock.keep_time(tmp_path, tmp_path / "trust", now=datetime(2029, 1, 1, tzinfo=UTC))
    clock.keep_time(tmp_path, tmp_path / "trust", now=datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.read_kept(tmp_path) == datetime(2027, 1, 1, tzinfo=UTC)

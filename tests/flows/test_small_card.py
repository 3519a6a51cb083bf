"""Our kernel, our init and the smallest root start in QEMU: growth, clock, identity, and the way back."""

import subprocess
import time

import pytest

from hub.card.slots import SlotState
from support.card import Card
from support.machine import Machine, running
from support.small_card import BUILT_AT, MIB, build_initrd, build_root, build_small_image
from support.trials import put_on_trial, read_state

UP_S = 300  # seconds; about 7 where nothing else runs
HANGS = "#!/bin/busybox sh\necho 'this system hangs'\nwhile :; do /bin/busybox sleep 1000; done\n"

pytestmark = pytest.mark.timeout(4 * UP_S)


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    return build_small_image(tmp_path_factory.mktemp("image"), roots="ab")


@pytest.fixture
def card(image, tmp_path):
    return Card.of_image(image, tmp_path / "card.qcow2", size="8G")


def small_machine(card, **how):
    """A machine with one processor: QEMU takes a quarter less of ours for a start than with two."""
    return Machine(card, memory_mib=512, extra=("-smp", "1"), **how)


def up(machine, slot):
    machine.wait_for(f"small root is up: {slot}", timeout_s=UP_S)


def test_a_new_card_grows_and_knows_when_it_is_and_a_cut_changes_neither(card):
    imager = "systemd.run=/boot/firstrun.sh systemd.unit=kernel-command-line.target"
    with running(small_machine(card, clock="1970-01-01", arguments=imager)) as machine:
        up(machine, "a")
        assert int(machine.ask("date +%s")) >= BUILT_AT
        assert int(machine.ask("df -m /data | tail -n 1 | awk '{ print $2 }'")) > 7 * 1024
        assert "systemd.run" not in machine.ask("cat /proc/cmdline")
        assert "hub.slot=a" in machine.ask("cat /proc/cmdline")
        identity = machine.ask("cat /etc/machine-id")
        assert len(identity) == 32
        assert machine.ask("echo changed >/etc/slot-name; cat /etc/slot-name") == "changed"
        kept = BUILT_AT + 86_400 * 40
        machine.ask(
            f"for copy in 1 2; do echo {kept}; done >/data/card/clock; echo 1 >/var/lib/systemd/mine; sync"
        )
        machine.pull_the_plug()
        machine.start()
        up(machine, "a")
        assert int(machine.ask("date +%s")) >= kept
        assert machine.ask("cat /etc/machine-id") == identity
        assert machine.ask("cat /etc/slot-name") == "a"  # what was written over the root is gone
        assert machine.ask("cat /var/lib/systemd/mine") == "1"  # what belongs to the card is not
        assert "hub.trial" not in machine.ask("cat /proc/cmdline")
    assert card.partitions()[3].size == 8 * 1024 * MIB - card.partitions()[3].start


def test_an_error_of_the_data_partition_is_mended_by_the_start_that_it_causes(card):
    with running(small_machine(card)) as machine:
        up(machine, "a")
        machine.ask("echo before >/data/kept; sync")
        machine.type("echo wrong >/sys/fs/ext4/vda4/trigger_fs_error")
        machine.wait_for_restart(timeout_s=UP_S)
        machine.wait_for("the data partition had faults; they are mended", timeout_s=UP_S)
        up(machine, "a")
        assert machine.ask("cat /data/kept") == "before"
        assert machine.ask("echo after >/data/kept; cat /data/kept") == "after"
        assert machine.ask("cat /sys/fs/ext4/vda4/errors_count") == "0"
        machine.pull_the_plug()
        machine.start()
        up(machine, "a")
        assert machine.said().count("they are mended") == 1  # a cut by itself is no fault


def test_a_new_system_without_a_usable_root_gives_way_to_the_old_one(card, tmp_path):
    card.write(card.partitions()[2].start, bytes(MIB))
    put_on_trial(card, "b", tmp_path / "boot")
    with running(small_machine(card)) as machine:
        machine.wait_for("slot b has no usable root; going to slot a", timeout_s=UP_S)
        machine.wait_for_restart(timeout_s=UP_S)
        up(machine, "a")
    assert read_state(card) == SlotState("a", seq=3, failed="b")
    assert card.named_slot() == "a"


def test_a_good_system_whose_root_is_lost_gives_way_too(card):
    card.write(card.partitions()[1].start, bytes(MIB))
    with running(small_machine(card)) as machine:
        machine.wait_for("slot a has no usable root; going to slot b", timeout_s=UP_S)
        machine.wait_for_end(timeout_s=UP_S)
    assert card.named_slot() == "b"
    assert read_state(card) == SlotState("b", seq=1, trying=True, tries=3, failed="a")


def test_a_new_system_that_hangs_is_bitten_by_the_watchdog_and_gives_way(card, tmp_path):
    root = build_root(tmp_path, "b", init=HANGS)
    data = root.read_bytes()
    card.write(card.partitions()[2].start, data + bytes(-len(data) % 4096))
    put_on_trial(card, "b", tmp_path / "boot", tries=1)
    with running(small_machine(card)) as machine:
        machine.wait_for("slot b, trying, 0 tries left after this one", timeout_s=UP_S)
        machine.wait_for("this system hangs", timeout_s=UP_S)
        hung_at = time.monotonic()
        machine.wait_for_restart(timeout_s=UP_S)
        assert time.monotonic() - hung_at > 5  # it was the watchdog, not a panic
        machine.wait_for("slot b was not healthy in 3 starts; going to slot a", timeout_s=UP_S)
        machine.wait_for_restart(timeout_s=UP_S)
        up(machine, "a")
    assert read_state(card) == SlotState("a", seq=3, failed="b")


def test_the_initramfs_is_the_same_bytes_each_time(image):
    first = (image.parent / "initrd.img").read_bytes()
    again = image.parent / "again"
    again.mkdir()
    assert build_initrd(again).read_bytes() == first
    listed = subprocess.run(["bsdcpio", "-it"], input=subprocess.run(
        ["gzip", "-dc", image.parent / "initrd.img"], check=True, capture_output=True
    ).stdout, check=True, capture_output=True).stdout.decode().split()  # fmt: skip
    assert {"init", "bin/busybox", "lib/modules/ext4.ko", "lib/slots.sh"} <= set(listed)

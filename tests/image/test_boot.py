"""The whole image from outside: growth, clock, identity, Imager (acceptance tests 7, 8, 10 and 11)."""

import hashlib
import random
import time

import pytest

from tests.image.conftest import UP_S, booted, served, shell

GIB_MIB = 1024
HUB_CLOCK = "date -u +%s"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("board", ["virt", "raspi3b"])
def test_a_new_card_reaches_multi_user(new_card, boot, board):
    card = new_card()
    with boot(card, board) as machine:
        started = time.monotonic()
        served(machine)
        print(f"{board}: multi-user after {time.monotonic() - started:.0f} s")
        assert int(machine.ask("df -m --output=size /data | tail -n 1")) > 5 * GIB_MIB - 512
        assert machine.ask("findmnt -no FSTYPE /") == "squashfs"
        assert (
            machine.ask("findmnt -no FSTYPE /boot/firmware; touch /boot/firmware/x 2>&1 | grep -c Read-only")
            == "vfat\r\n1"
        )
        if board == "virt":
            assert machine.ask("cat /sys/class/watchdog/watchdog0/state") == "active"


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("size", ["8G", "32G", "256G"])
def test_growth_that_is_cut_at_any_moment_goes_on_at_the_next_start(new_card, boot, size):
    """Acceptance 10: QEMU is killed at ten random moments of the first start."""
    whole_mib = int(size.rstrip("G")) * GIB_MIB
    chance = random.Random(size)
    for _ in range(10 if size == "32G" else 3):
        card = new_card(size)
        with boot(card) as machine:
            machine.wait_for(r"hub: slot a", timeout_s=UP_S)
            time.sleep(chance.uniform(0, 4))
        with boot(card) as machine:
            grown = machine.wait_for(r"/data has (\d+) MiB", timeout_s=UP_S)
            assert int(grown.group(1)) > (whole_mib - 2500) * 0.97


@pytest.mark.timeout(2400)
def test_the_clock_never_goes_back(new_card, boot):
    """Acceptance 11: at 1970 it is as late as the build, and after a cut as late as it was kept."""
    card = new_card()
    with boot(card, clock="1970-01-01") as machine:
        shell(machine)
        first = int(machine.ask(HUB_CLOCK))
        assert first > 1_750_000_000
        machine.ask("date -u -s '+40 days' >/dev/null; hub card clock --save; sync")
        kept = int(machine.ask(HUB_CLOCK))
    with boot(card, clock="1970-01-01") as machine:
        shell(machine)
        assert int(machine.ask(HUB_CLOCK)) >= kept - 600


@pytest.mark.timeout(2400)
def test_an_error_of_the_data_partition_restarts_the_hub_and_is_mended(new_card, boot):
    with boot(new_card()) as machine:
        served(machine)
        machine.type("echo wrong >/sys/fs/ext4/vda4/trigger_fs_error")
        machine.wait_for_restart(timeout_s=UP_S)
        machine.wait_for("the data partition had faults; they are mended", timeout_s=UP_S)
        served(machine)
        assert machine.ask("cat /sys/fs/ext4/vda4/errors_count; systemctl is-active hub-portal.service") == (
            "0\r\nactive"
        )
        assert "they are mended" in machine.ask("cat /data/log/warnings")  # the technician's log shows it


@pytest.mark.timeout(1800)
def test_what_raspberry_pi_imager_adds_does_no_harm(new_card, boot):
    """Acceptance 8: Imager 1.x writes a script and kernel arguments that would run it instead of the hub."""
    card = new_card()
    card.put_boot_file("firstrun.sh", b"#!/bin/bash\nset +e\nrm -f /boot/firstrun.sh\nexit 0\n")
    imager = " systemd.run=/boot/firstrun.sh systemd.unit=kernel-command-line.target"
    for name in ("cmdline.txt", "a/cmdline.txt"):
        card.put_boot_file(name, card.boot_file(name).rstrip() + imager.encode() + b"\n")
    with boot(card) as machine:
        served(machine)
        assert "systemd.run" not in machine.ask("cat /proc/cmdline")


MACHINE_ID = "/data/card/machine-id"
SECRETS = f"{MACHINE_ID} /data/card/label-code /data/hub/keys/id_ed25519"
EMPTY = hashlib.sha256().hexdigest()


def secrets_of(machine):
    """Return the hash of each thing that must be this card's alone, by its file."""
    booted(machine)
    lines = machine.ask(f"sha256sum {SECRETS}").split("\r\n")
    return {name: sha256 for sha256, name in (line.split() for line in lines)}


@pytest.mark.timeout(2400)
def test_two_cards_have_nothing_secret_in_common(new_card, boot):
    """Acceptance 7: machine ids and keys are made by each card; what a cut spoiled is mended."""
    seen = []
    for _ in range(2):
        card = new_card()
        with boot(card) as machine:
            seen.append(secrets_of(machine))
            assert machine.ask("cat /etc/machine-id") == machine.ask(f"cat {MACHINE_ID}")
            assert machine.ask("find / -xdev -name 'ssh_host_*'") == ""
    assert set(seen[0]) == set(SECRETS.split())
    assert not set(seen[0].values()) & set(seen[1].values())
    with boot(card) as machine:
        booted(machine)
        machine.ask(f"for f in {SECRETS}; do : >$f; done; sync")
        machine.pull_the_plug()
        machine.start()
        mended = secrets_of(machine)
        assert EMPTY not in mended.values()
        # The initramfs needs a machine id before it can look at copies, and makes a new one.
        assert {**mended, MACHINE_ID: ""} == {**seen[1], MACHINE_ID: ""}
        assert machine.ask("cat /etc/machine-id") == machine.ask(f"cat {MACHINE_ID}")

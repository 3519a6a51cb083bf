"""Acceptance 12: cut at any moment, the file system mends itself and nothing acknowledged is lost."""

import subprocess

import pytest

from support.card import Card
from support.machine import Machine, running
from support.small_card import build_small_image
from tests.image.power_cuts import cut_everywhere

# Like the hub's own durable writes: aside, flushed, renamed, the folder flushed; then it is said.
WORK = (
    "cd /data; n=0; while [ $n -lt 150 ]; do n=$((n+1)); echo $n >.state.tmp; sync .state.tmp; "
    "mv .state.tmp state; sync .; echo acknowledged $n; "
    "dd if=/dev/urandom of=noise$((n%5)) bs=4k count=40 2>/dev/null; done; echo work is done"
)


@pytest.mark.timeout(3600)
def test_two_hundred_cuts_while_files_are_replaced(tmp_path):
    image = build_small_image(tmp_path)
    card = Card.of_image(image, tmp_path / "card.qcow2", size="1G")
    base, log = tmp_path / "base.raw", tmp_path / "cuts.log"
    with running(Machine(card, memory_mib=512)) as machine:
        machine.wait_for("small root is up", timeout_s=300)  # grown, so that the log is of the work alone
        machine.ask("sync")
    subprocess.run(["qemu-img", "convert", "-O", "raw", card.path, base], check=True)
    log.touch()
    acknowledged = []  # where the log was when a number was said, and the number
    with running(Machine(card, memory_mib=512, log=log)) as machine:
        machine.wait_for("small root is up", timeout_s=300)
        machine.type(WORK)
        for _ in range(150):
            number = machine.wait_for(r"acknowledged (\d+)\r", timeout_s=300)
            acknowledged.append((log.stat().st_size, int(number.group(1))))
        machine.wait_for("work is done\r", timeout_s=300)

    def look(files, end):
        state = files / "state"
        kept = int(state.read_text()) if state.exists() else 0
        assert kept >= max((number for size, number in acknowledged if size <= end), default=0)

    assert cut_everywhere(base, log, tmp_path / "files", partition=4, points=200, look=look) == 200

"""Acceptance 12: cut at any moment, the file system mends itself and nothing acknowledged is lost."""

import os
import sqlite3
import subprocess
from contextlib import closing

import pytest

from support.card import Card
from support.machine import Machine, running
from support.small_card import build_small_image
from tests.image.conftest import UP_S, served, shell_words
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


# What the portal does when somebody is signed out in all browsers; said once it is on the disk.
SIGN_OUT = """\
from pathlib import Path
from hub import accounts
from hub.settings import HubPaths
paths = HubPaths(Path("/data/hub"))
for _ in range(120):
    accounts.sign_out_everywhere(paths, accounts.find_by_name(paths, "technician"))
    now = accounts.find_by_name(paths, "technician").session_version
    print(f"acknowledged {now}", flush=True)
print("work is done", flush=True)
"""
CONFIG = """\
school_code = "test-1"
school_name = "Ліцей"
technician_password = "три слова і крапка"
[wifi]
mode = "off"
[uplink]
kind = "none"
"""


@pytest.mark.timeout(14_400)
def test_cuts_while_a_whole_hub_starts_and_its_databases_are_written(image, tmp_path):
    """Every service of the card is at its databases: the portal, the indexer, Kolibri."""
    card = Card.of_image(image, tmp_path / "card.qcow2", size="4G")
    card.put_boot_file("hub-config.txt", CONFIG.encode())
    base, log = tmp_path / "base.raw", tmp_path / "cuts.log"
    words = shell_words("virt")
    with running(Machine(card, arguments=words)) as machine:
        served(machine)
        machine.type("systemctl poweroff")
        machine.wait_for_end(timeout_s=UP_S)
    subprocess.run(["qemu-img", "convert", "-O", "raw", card.path, base], check=True)
    log.touch()
    acknowledged = []
    with running(Machine(card, arguments=words, log=log)) as machine:
        served(machine)
        machine.type(f"cat >/run/work.py <<'E'\n{SIGN_OUT}E")
        machine.type("setpriv --reuid=hub --regid=hub --init-groups /opt/hub/bin/python /run/work.py")
        for _ in range(120):
            number = machine.wait_for(r"acknowledged (\d+)\r", timeout_s=UP_S)
            acknowledged.append((log.stat().st_size, int(number.group(1))))
        machine.wait_for("work is done\r", timeout_s=UP_S)

    def look(files, end):
        with closing(sqlite3.connect(files / "hub/accounts.db")) as db:
            (version,) = db.execute("select session_version from accounts").fetchone()
        assert version >= max((number for size, number in acknowledged if size <= end), default=0)

    points = int(os.environ.get("CUTS", "200"))
    assert cut_everywhere(base, log, tmp_path / "files", partition=4, points=points, look=look) == points

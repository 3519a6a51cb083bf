"""What we ask of the machine's memory."""

import platform
import subprocess
import sys

import pytest

from content_packs.depot import MIB
from hub.machine import find_slot

_CHILD = """
import re, sys
from pathlib import Path
from hub.machine import return_large_buffers

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

if sys.argv[1] == "asked":
    return_large_buffers()
b"x" * (12 << 20)  # the C library sees a large buffer come and go
before = resident()
large, above = b"x" * (12 << 20), [b"y" * 400 for _ in range(20_000)]
del large
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of glibc")
def test_large_buffers_go_back_to_the_system_and_without_asking_they_stay():
    def kept(word):
        words = [sys.executable, "-c", _CHILD, word]
        return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    assert kept("asked") < 11 * MIB < kept("not asked")


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        ("console=tty0 hub.slot=b hub.disk=48554231", "b"),
        ("hub.slot=a\n", "a"),
        ("quiet splash", ""),
        ("hub.slot=ab other.hub.slot=a hub.slot=", ""),
    ],
)
def test_a_card_is_known_by_what_its_kernel_was_started_with(line, slot):
    assert find_slot(line) == slot

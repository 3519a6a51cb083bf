"""The slot state has two programs that read and write it, in shell and in Python: they agree."""

import random
import subprocess
from pathlib import Path

import pytest

from hub.card import slots
from hub.card.slots import COPY_BYTES, FILES, SlotState, from_bytes, named_slot, newest, to_bytes

SCRIPT = Path(__file__).parents[2] / "image" / "initramfs" / "slots.sh"
TOOLS = ("sh", "head", "sha256sum", "cut", "printf", "dd", "awk")
STATES = [
    SlotState("a", seq=1),
    SlotState("b", seq=2, trying=True, tries=3),
    SlotState("b", seq=3, trying=True, tries=0),
    SlotState("a", seq=999_999, failed="b"),
]
SHOW = 'echo "$seq $slot $state $tries $failed"'


@pytest.fixture(scope="module")
def busybox(tmp_path_factory):
    """Run a script in busybox's own shell, with busybox's own programs and no others."""
    folder = tmp_path_factory.mktemp("busybox")
    for name in TOOLS:
        (folder / name).symlink_to("/usr/bin/busybox")

    def run(script, *arguments):
        done = subprocess.run(
            [folder / "sh", "-c", f'. "{SCRIPT}"\n{script}', "sh", *arguments],
            env={"PATH": str(folder), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert not done.stderr, done.stderr
        return done.stdout

    return run


def shown(state):
    if state is None:
        return "0   0 -"
    return (
        f"{state.seq} {state.slot} {'trying' if state.trying else 'good'} {state.tries} {state.failed or '-'}"
    )


def put(folder, first, second):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in zip(FILES, (first, second), strict=True):
        if data is not None:
            (folder / name).write_bytes(data)
    return folder


@pytest.mark.parametrize("state", STATES, ids=shown)
def test_the_shell_reads_what_python_writes(busybox, tmp_path, state):
    written = slots.write_slots(tmp_path, state)
    assert busybox(f'read_slots "$1"; {SHOW}', tmp_path).strip() == shown(written)


@pytest.mark.parametrize("state", STATES, ids=shown)
def test_python_reads_what_the_shell_writes_byte_for_byte(busybox, tmp_path, state):
    values = shown(state).split()
    busybox('seq=$2 slot=$3 state=$4 tries=$5 failed=$6; write_slots "$1"', tmp_path, *values)
    read = slots.read_slots(tmp_path)
    assert shown(read) == shown(SlotState(state.slot, state.seq + 1, state.trying, state.tries, state.failed))
    assert [(tmp_path / name).read_bytes() for name in FILES] == [to_bytes(read)] * 2


def test_a_write_torn_at_any_byte_leaves_the_old_state_or_the_new(busybox, tmp_path):
    old, new = SlotState("a", seq=41, failed="b"), SlotState("b", seq=42, trying=True, tries=3)
    before, after = to_bytes(old), to_bytes(new)
    folders = []
    for cut in range(after.index(b"  ") + 2):  # behind it, both are spaces
        torn = after[:cut] + before[cut:]
        folders.append(put(tmp_path / f"first-{cut}", torn, before))
        folders.append(put(tmp_path / f"second-{cut}", after, torn))
        folders.append(put(tmp_path / f"fresh-{cut}", after[:cut] + bytes(COPY_BYTES - cut), before))
        folders.append(put(tmp_path / f"short-{cut}", before, after[:cut]))
    ours = [slots.read_slots(folder) for folder in folders]
    assert set(ours) == {old, new}
    theirs = busybox(f'for folder; do read_slots "$folder"; {SHOW}; done', *folders).splitlines()
    assert theirs == [shown(state) for state in ours]


def test_both_read_damaged_copies_alike(busybox, tmp_path):
    chance = random.Random(5)
    good = to_bytes(SlotState("b", seq=7, trying=True, tries=2))
    odd = [
        b"",
        b"\n",
        b"\xff" * 512,
        good.replace(b"\n", b"\r\n"),
        b" " + good,
        good[:-1],
        b"\0" + good,
        good * 2,
    ]
    for _ in range(40):
        data = bytearray(good)
        data[chance.randrange(95)] = chance.randrange(256)
        odd.append(bytes(data))
    folders = [put(tmp_path / str(number), data, None) for number, data in enumerate(odd)]
    theirs = busybox(f'for folder; do read_slots "$folder"; {SHOW}; done', *folders).splitlines()
    assert theirs == [shown(slots.read_slots(folder)) for folder in folders]


def test_where_both_copies_are_broken_there_is_no_state(tmp_path):
    assert slots.read_slots(put(tmp_path, b"hub-slots-1 seq=1 slot=a", bytes(512))) is None


def test_the_newer_copy_counts():
    assert newest([SlotState("a", seq=8), SlotState("b", seq=9), None]) == SlotState("b", seq=9)
    assert from_bytes(to_bytes(SlotState("b", seq=9))) == SlotState("b", seq=9)


CONFIGS = [
    "[all]\nos_prefix=a/\nkernel=vmlinuz\n",
    "# Київ\r\n[all]\r\narm_64bit=1\r\nos_prefix=a/\r\n",
    "os_prefix=a/",
    "[pi4]\nos_prefix=a/\n[all]\n#os_prefix=a/\nos_prefix=a/\n",
]


@pytest.mark.parametrize("config", CONFIGS)
def test_both_point_the_firmware_by_one_letter(busybox, tmp_path, config):
    path = tmp_path / "config.txt"
    path.write_bytes(config.encode())
    busybox('point_firmware "$1" b', tmp_path)
    by_shell = path.read_bytes()
    assert named_slot(by_shell) == "b"
    slots.point_firmware(tmp_path, "a")
    assert path.read_bytes() == config.encode()
    slots.point_firmware(tmp_path, "b")
    assert path.read_bytes() == by_shell


# running, what the files say (None: nothing) → what happens, and what they say then
DECISIONS = [
    ("a", None, "boot no", SlotState("a")),
    ("a", SlotState("a", failed="b"), "boot no", SlotState("a", failed="b")),
    ("b", SlotState("b", trying=True, tries=3), "boot yes", SlotState("b", trying=True, tries=2)),
    ("b", SlotState("b", trying=True, tries=1), "boot yes", SlotState("b", trying=True, tries=0)),
    ("b", SlotState("b", trying=True, tries=0), "back yes", SlotState("a", failed="b")),
    # The switch was cut short: the firmware still starts the old slot.
    ("a", SlotState("b", trying=True, tries=3), "boot yes", SlotState("a")),
    # The way back was cut short: config.txt was first.
    ("a", SlotState("b", trying=True, tries=0), "boot yes", SlotState("a", failed="b")),
    # A technician has edited config.txt.
    ("b", SlotState("a", failed="b"), "boot yes", SlotState("b")),
]


@pytest.mark.parametrize(("running", "state", "verdict", "then"), DECISIONS)
def test_what_a_start_decides(busybox, running, state, verdict, then):
    values = shown(state).split() if state else ["0", "", "", "0", "-"]
    script = f'seq=$2 slot=$3 state=$4 tries=$5 failed=$6; decide_slot "$1"; echo "$verdict $changed"; {SHOW}'
    said = busybox(script, running, *values).splitlines()
    assert said == [
        verdict,
        shown(SlotState(then.slot, state.seq if state else 0, then.trying, then.tries, then.failed)),
    ]


def test_a_new_slot_that_never_gets_healthy_starts_three_times(busybox, tmp_path):
    """Then the old one is back: no human is needed."""
    put(tmp_path, to_bytes(SlotState("a", seq=1)), None)
    (tmp_path / "config.txt").write_text("os_prefix=a/\n")
    for slot in ("a", "b"):
        (tmp_path / slot).mkdir()
        for name in ("vmlinuz", "initrd.img", "cmdline.txt"):
            (tmp_path / slot / name).write_text("x")
    slots.try_slot(tmp_path, "b", running="a")
    start = (
        'read_slots "$1"; decide_slot "$2"; if [ $changed = yes ]; then write_slots "$1"; fi; '
        'if [ $verdict = back ]; then point_firmware "$1" "$slot"; fi; echo "$verdict"'
    )
    seen = []
    for _ in range(6):
        running = named_slot((tmp_path / "config.txt").read_bytes())
        seen.append(f"{running} {busybox(start, tmp_path, running).strip()}")
    assert seen == ["b boot", "b boot", "b boot", "b back", "a boot", "a boot"]
    assert slots.read_slots(tmp_path) == SlotState("a", seq=6, failed="b")


def test_a_slot_that_is_marked_good_stays(busybox, tmp_path):
    put(tmp_path, *[to_bytes(SlotState("b", seq=5, trying=True, tries=2))] * 2)
    (tmp_path / "config.txt").write_text("os_prefix=b/\n")
    assert slots.mark_good(tmp_path, running="b") == SlotState("b", seq=6)
    kept = [(tmp_path / name).read_bytes() for name in FILES]
    assert slots.mark_good(tmp_path, running="b") == SlotState("b", seq=6)
    assert [(tmp_path / name).read_bytes() for name in FILES] == kept  # nothing was written: a card wears
    assert busybox(f'read_slots "$1"; {SHOW}', tmp_path).strip() == "6 b good 0 -"

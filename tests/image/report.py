"""What `make image-test` measured: kept over runs of slices, printed and written as a table."""

import json
import os
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from support.machine import Machine

_BUILD = Path(__file__).parents[2] / "build"
FACTS, TABLE = _BUILD / "image-test.json", _BUILD / "image-test.md"
# Of GOALS.md "Card": what a fact of this name may be at most.
GOALS = {
    "virt: power to portal, s": 120,
    "virt: power to portal, first start, s": 120,
    "raspi3b: power to portal, s": 240,
    "raspi3b: power to portal, first start, s": 240,
    "virt: all services idle, MiB used": 480,
    "virt: all services idle with four packs, MiB used": 480,
    "raspi3b: all services idle, MiB used": 480,
    "raspi3b: all services idle with four packs, MiB used": 480,
    "image, packed, MB": 900,
    "image: time of a build, min": 20,
}


def note(what: str, value: object) -> None:
    """Keep a fact, with when it was found and how busy this machine was."""
    facts = read_facts()
    facts[what] = {
        "value": value,
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "load": round(os.getloadavg()[0], 1),
    }
    FACTS.parent.mkdir(exist_ok=True)
    FACTS.write_text(json.dumps(facts, ensure_ascii=False, indent=1), encoding="utf-8")
    write_table(facts)


def note_start(machine: Machine, what: str, begun: float) -> None:
    """Note how long a start took, and of it what does not depend on how busy this machine is."""
    note(f"{what}, s", round(time.monotonic() - begun))
    note(f"{what}, s of QEMU's processors", round(machine.cpu_s()))


def note_image(image: Path) -> None:
    """Note what a build left beside its image: how long each step took when it last ran, the packed size."""
    steps = {path.stem: float(path.read_text()) for path in sorted(image.parent.glob("log/*.seconds"))}
    if steps:
        note("image: time of a build, min", round(sum(steps.values()) / 60, 1))
        note("image: of it, s", ", ".join(f"{name} {took:.0f}" for name, took in steps.items()))
    packed = sorted(image.parent.glob("out/*.img.xz"), key=lambda path: path.stat().st_mtime)
    if packed:
        note("image, packed, MB", round(packed[-1].stat().st_size / 1e6))


def note_memory(machine: Machine, what: str) -> None:
    """Note what all that runs takes: of the whole machine, and of each service by itself."""
    script = "awk '/MemTotal/{t=$2}/MemAvailable/{a=$2}END{print int((t-a)/1024)}' /proc/meminfo"
    note(f"{what}, MiB used", int(machine.ask(script)))
    said = machine.ask(
        "for u in /sys/fs/cgroup/system.slice/*.service; do "
        "echo $(basename $u .service) $(awk '/^anon /{print int($2/1048576)}' $u/memory.stat); done",
        timeout_s=120,
    )
    rows = sorted((int(mib), name) for name, mib in (line.split() for line in said.splitlines()))
    listed = ", ".join(f"{name} {mib}" for mib, name in reversed(rows) if mib >= 3)
    note(f"{what}, MiB of anonymous memory", listed)


def read_facts() -> dict[str, dict[str, object]]:
    """Return what is known."""
    found: dict[str, dict[str, object]] = (
        json.loads(FACTS.read_text(encoding="utf-8")) if FACTS.exists() else {}
    )
    return found


def render(facts: dict[str, dict[str, object]]) -> str:
    """Return the table: load is that of one minute on this machine, whose cores stand below it."""
    rows = ["| what | measured | goal | load | when |", "|---|---|---|---|---|"]
    for what, fact in sorted(facts.items()):
        goal = GOALS.get(what)
        said = f"≤ {goal}" if goal else ""
        rows.append(f"| {what} | {fact['value']} | {said} | {fact['load']} | {fact['at']} |")
    qemu = subprocess.run(["qemu-system-aarch64", "--version"], capture_output=True, text=True, check=False)
    machine = f"{os.cpu_count()} cores, {qemu.stdout.splitlines()[0] if qemu.stdout else 'no QEMU'}, emulated"
    return "\n".join([*rows, "", f"Load: of this machine in the minute before; {machine}.", ""])


def write_table(facts: dict[str, dict[str, object]]) -> None:
    """Write the table beside the image."""
    TABLE.write_text(render(facts), encoding="utf-8")

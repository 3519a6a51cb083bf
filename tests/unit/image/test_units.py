"""The card's units, by systemd's own tools: they can be read, they may do little, and nothing starts unasked.

The image has systemd 257 and this machine perhaps an older one, so the two keys that only the newer one knows
are let pass by name.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.settings import HubPaths

FILES = Path(__file__).parents[3] / "image" / "files"
UNITS = FILES / "usr/lib/systemd/system"
SERVICES = sorted(path.name for path in UNITS.glob("hub-*.service") if path.is_file())
NEWER_KEYS = ("RestartSteps", "RestartMaxDelaySec")  # systemd 254
HOST = "changes mounts, the boot partition or the power for everybody, so it has no namespace of its own"
EXCEPTIONS = {  # exposure by `systemd-analyze security` that is allowed, and why
    "hub-boot.service": (5.8, HOST),
    "hub-health.service": (5.4, HOST),
    "hub-jobs.service": (6.0, HOST),
    "hub-stick@.service": (5.3, HOST),
    "hub-update.service": (5.4, HOST),
}
MOST_EXPOSED = 3.0
OF_PYTHON = (
    "hub-portal",
    "hub-kolibri",
    "hub-announce",
)  # the rest is small, or page cache that goes when asked
NOT_OURS = (  # programs of Debian's packages
    *("/usr/bin/kill", "/usr/bin/sleep", "/usr/bin/systemctl"),
    *(
        "/usr/sbin/dnsmasq",
        "/usr/sbin/hostapd",
        "/usr/sbin/iw",
        "/usr/sbin/nft",
        "/usr/sbin/nginx",
        "/usr/sbin/rfkill",
        "/usr/sbin/wpa_supplicant",
    ),
)
PREFIXES = "+-!:@|"  # systemd.service(5): how a command is run


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A root with our files, the system's own units, and a stand-in for each program of the image."""
    root = tmp_path_factory.mktemp("root")
    shutil.copytree(FILES, root, symlinks=True, dirs_exist_ok=True)
    for path in Path("/usr/lib/systemd/system").iterdir():
        place = root / "usr/lib/systemd/system" / path.name
        if path.is_file() and not place.exists():
            shutil.copy(path, place)
    for program in (*NOT_OURS, "/usr/bin/sh"):
        (root / program[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", root / program[1:])
    for name in ("bin", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    users = re.findall(r"^u (\S+) +(\d+)", (FILES / "usr/lib/sysusers.d/hub.conf").read_text(), re.MULTILINE)
    users += [("root", "0"), ("systemd-journal", "190")]
    (root / "etc/passwd").write_text("".join(f"{n}:x:{i}:{i}::/:/bin/sh\n" for n, i in users))
    (root / "etc/group").write_text("".join(f"{n}:x:{i}:\n" for n, i in users))
    return root


def instance(unit: str) -> str:
    return unit.replace("@.", "@sda1.")


def analyze(root: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = ["systemd-analyze", f"--root={root}", "--no-pager", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def faults(root: Path) -> list[str]:
    names = [instance(path.name) for path in UNITS.iterdir() if path.is_file()]
    said = analyze(root, "verify", "--man=no", *names)
    return [line for line in said.stderr.splitlines() if not any(key in line for key in NEWER_KEYS)]


def test_systemd_finds_no_fault(root):
    assert faults(root) == []


def test_systemd_would_find_one(root):
    broken = root / "usr/lib/systemd/system/hub-portal.service"
    text = broken.read_text()
    broken.write_text(text.replace("Restart=always", "Restart=sometimes\nNonsense=1"))
    try:
        found = "\n".join(faults(root))
    finally:
        broken.write_text(text)
    assert "sometimes" in found
    assert "Nonsense" in found


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_may_do_little(root, unit):
    most, _ = EXCEPTIONS.get(unit, (MOST_EXPOSED, ""))

    said = analyze(root, "security", "--offline=true", instance(unit))

    exposure = float(re.findall(r"exposure level for \S+: ([\d.]+)", said.stdout)[0])
    assert exposure <= most
    assert unit not in EXCEPTIONS or exposure > MOST_EXPOSED, "no longer an exception"


def read(unit: str) -> str:
    return (UNITS / unit).read_text()


@pytest.mark.parametrize("unit", SERVICES)
def test_a_service_has_a_limit_of_memory(unit):
    assert re.search(r"^Memory(High|Max)=\d+M$", read(unit), re.MULTILINE)


def test_the_limits_of_the_large_ones_leave_room_on_one_gigabyte():
    """MemoryHigh is where the kernel takes pages back, so that what idles never comes near."""
    high = [re.findall(r"MemoryHigh=(\d+)M", read(f"{name}.service")) for name in OF_PYTHON]

    assert sum(int(limit) for (limit,) in high) <= 800


@pytest.mark.parametrize("unit", [name for name in SERVICES if "Type=oneshot" not in read(name)])
def test_what_stays_comes_back_for_ever(unit):
    assert "Restart=always" in read(unit)


def test_what_is_wanted_is_linked_and_nothing_else():
    wanted = {
        (path.name, target)
        for path in UNITS.iterdir()
        if path.is_file()
        for target in re.findall(r"^WantedBy=(\S+)$", path.read_text(), re.MULTILINE)
    }
    linked = {(link.name, link.parent.name.removesuffix(".wants")) for link in UNITS.glob("*.wants/*")}

    assert linked == wanted
    assert all(link.exists() for link in UNITS.glob("*.wants/*"))


def test_every_command_of_a_unit_is_in_the_image():
    called = {
        word.lstrip(PREFIXES)
        for path in UNITS.iterdir()
        if path.is_file()
        for word in re.findall(r"^Exec\w+=(\S+)", path.read_text(), re.MULTILINE)
    }
    ours = {f"/{path.relative_to(FILES)}" for path in FILES.rglob("*") if path.is_file()}

    assert called <= ours | {*NOT_OURS, "/bin/sh", "/bin/kill"}


def test_folders_are_closed_to_whom_they_do_not_concern():
    text = (FILES / "usr/lib/tmpfiles.d/hub.conf").read_text()
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]

    assert all(len(line) == 5 and line[0] == "d" for line in lines)
    made = {line[1]: line[2:] for line in lines}
    assert made["/data/card"] == ["0700", "root", "root"]
    assert made["/data/hub/keys"] == ["0700", "hub", "hub"]
    assert made["/data/hub"][0] == "2750", "www-data and kolibri read it, and write nothing there"


def test_the_portal_reaches_what_it_signs_with_and_not_the_hubs_key():
    paths = HubPaths(Path("/data/hub"))
    (line,) = re.findall(r"^InaccessiblePaths=(.*)$", read("hub-portal.service"), re.MULTILINE)
    closed = [Path(word.lstrip("-")) for word in line.split()]

    def is_closed(path):
        return any(path.is_relative_to(each) for each in closed)

    assert not [p for p in (paths.session_key, paths.label_code, paths.accounts_db) if is_closed(p)]
    assert is_closed(paths.key)
    assert is_closed(paths.spare / paths.key.name), "the copy is as good as the key"
    assert is_closed(Path("/data/card"))


def test_no_unit_changes_owners_by_name():
    """In a folder of the portal a name may become a link, or a second name of root's own file, meanwhile."""
    assert not [unit for unit in SERVICES if "chown" in "".join(re.findall(r"^Exec.*$", read(unit), re.M))]


@pytest.mark.parametrize("unit", ["hub-sync.service", "hub-update.service"])
def test_what_needs_an_office_waits_for_its_root_of_trust(unit):
    assert f"ConditionPathExists={HubPaths(Path('/data/hub')).root}" in read(unit).splitlines()


@pytest.mark.parametrize("name", sorted(path.stem for path in UNITS.glob("*.path")))
def test_what_looks_for_changes_never_gives_up(name):
    """Over a trigger limit systemd ends the looking for good: after five packs, or a modem's bad minutes."""
    path, service = (UNITS / f"{name}.{kind}" for kind in ("path", "service"))
    limits = re.findall(r"^TriggerLimit\w+=(.*)$", path.read_text(), re.MULTILINE)
    assert limits in ([], ["0"])
    assert not limits or re.search(r"^Exec\w+=-/usr/bin/sleep \d+$", service.read_text(), re.MULTILINE)


def test_the_end_of_a_trial_waits_for_nothing_that_may_hang():
    """A system that hangs before sysinit.target has a systemd that feeds the watchdog; the timer counts."""
    timer, service = ((UNITS / f"hub-trial.{kind}").read_text() for kind in ("timer", "service"))
    for text in (timer, service):
        assert "\nDefaultDependencies=no\n" in text
        assert not re.search(r"^(After|Requires|BindsTo|Requisite)=", text, re.MULTILINE)
    assert "\nWantedBy=sysinit.target\n" in timer

"""The tour, step by step: each a command that a person could type, left out where it is done."""

import re
import shlex
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from content_packs.durable import write_durably
from content_packs.errors import UsageError, local_error
from tools.demo.hub_toml import set_values
from tools.demo.places import (
    BIN,
    BUILT,
    CENTRAL,
    DEPOT,
    DONE,
    HERE,
    HUB,
    HUB_ID,
    HUB_TOML,
    KOLIBRI,
    LOOPBACK,
    MADE_BY,
    ROOT,
    SAMPLES,
    SCHEMA,
    Ports,
    find_program,
)
from tools.demo.processes import Processes
from tools.demo.sshd import DepotHost

_OFFICE = ("central", "--dir", CENTRAL)
_HUB = ("hub", "--dir", HUB)
_CHANNEL = HERE / "channel"
_START_TIMEOUT_S = 60.0
_KOLIBRI_TIMEOUT_S = 600.0  # its first start makes its databases: minutes on a slow disk

Command = Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample pack, as far as the tour needs it."""

    pack_id: str
    version: int
    kind: str

    @property
    def built(self) -> Path:
        """Where the built pack lies."""
        return BUILT / f"{self.pack_id}-{self.version}.pack"

    @property
    def published(self) -> Path:
        """Where it lies once it is published."""
        return DEPOT / "packs" / self.pack_id / str(self.version)


def start_anew_where_needed() -> None:
    """Remove what a demo of an earlier schema left, and note of which one this is.

    Only folders that a demo makes, and only where one has been at work: $DEMO_DIR may name any folder.
    """
    schema = MADE_BY.read_text(encoding="utf-8").strip() if MADE_BY.exists() else "none"
    was_here = any(BUILT.glob("*.pack")) or any(DONE.glob("central_*"))
    if was_here and schema != str(SCHEMA):
        _say(f"An earlier version of this project made the demo in {HERE}: it starts anew")
        for folder in (CENTRAL, HUB, _CHANNEL, BUILT, DONE):  # what tells that a demo was here goes last
            _remove(folder)
    HERE.mkdir(parents=True, exist_ok=True)
    MADE_BY.write_text(f"{SCHEMA}\n", encoding="utf-8")


def _remove(folder: Path) -> None:
    try:
        if folder.exists():
            shutil.rmtree(folder)
    except OSError as error:
        raise local_error(error, f"removing {folder}") from error


def build_packs() -> list[Sample]:
    """Build every sample; return what they are."""
    _say("An author's folders become packs")
    _step(["packs", "channel", SAMPLES / "channel", "-o", _CHANNEL], done=(_CHANNEL / "pack.toml").exists())
    sources = sorted(path.parent for path in SAMPLES.glob("*/pack.toml"))
    return [_build(source) for source in (*sources, _CHANNEL)]


def _build(source: Path) -> Sample:
    pack = tomllib.loads((source / "pack.toml").read_text(encoding="utf-8"))
    sample = Sample(pack["id"], pack["version"], pack["kind"])
    BUILT.mkdir(parents=True, exist_ok=True)
    _step(["packs", "build", source, "-o", sample.built], done=sample.built.exists())
    return sample


def introduce(depot_url: str, host: DepotHost | None) -> None:
    """Make the office's installation and the hub, and enrol the hub."""
    _say("The office gets its keys, its fleet database and an empty depot")
    root = CENTRAL / "hub-root.json"
    _step(["central", "init", CENTRAL, "--no-passphrase"], done=root.exists())
    _say("A hub gets its key, and the office enrols it")
    pinned: Command = ["--host-key", host.public_key()] if host else []
    command = [
        "hub",
        "init",
        HUB,
        "--root",
        root,
        "--depot",
        depot_url,
        *pinned,
        "--hub-id",
        HUB_ID,
        "--json",
    ]
    _step(command, done=HUB_TOML.exists())
    public_key = HUB / "keys" / "id_ed25519.pub"
    _once([*_OFFICE, "enrol", HUB_ID, public_key, "--school", "Демо", "--ring", "all"])


def publish(samples: Sequence[Sample]) -> None:
    """Publish the packs, and assign each to the ring of the demo's hub."""
    _say("The office publishes the packs and assigns them")
    new = [sample for sample in samples if not sample.published.exists()]
    _step([*_OFFICE, "publish", *(sample.built for sample in new or samples)], done=not new)
    for sample in samples:
        _once([*_OFFICE, "assign", sample.pack_id, "--ring", "all"])


def set_up_hub(depot_url: str, depot_host: DepotHost | None, host: str, ports: Ports) -> None:
    """Set in hub.toml what this run needs, as the ports that are free here, and pin the key.

    What a person has set there stays.
    """
    if depot_host:  # sshd may have come after `hub init`
        (HUB / "keys" / "depot_host_keys").write_bytes(depot_host.public_key().read_bytes())
    outer = (ports.portal, ports.content, ports.kolibri, ports.zip)
    portal, content, kolibri, zip_port = ports.inner or outer
    values: dict[tuple[str, str], str | int] = {
        ("", "depot_url"): depot_url,
        ("portal", "host"): host,
        ("portal", "port"): portal,
        ("portal", "content_port"): content,
        ("kolibri", "command"): str(KOLIBRI),
        ("kolibri", "host"): LOOPBACK if ports.inner else host,
        ("kolibri", "port"): kolibri,
        ("kolibri", "zip_port"): zip_port,
    }
    before = HUB_TOML.read_text(encoding="utf-8")
    if ports.inner:
        names = ("port", "packs_port", "kolibri_port", "zip_port")
        values |= {("door", "enabled"): True, ("door", "host"): host}
        values |= {("door", name): port for name, port in zip(names, outer, strict=True)}
    elif "door" in tomllib.loads(before):
        values["door", "enabled"] = False
    if "name" not in tomllib.loads(before).get("portal", {}):
        values["portal", "name"] = "Демо"
    try:
        text, changed = set_values(before, values)
    except ValueError as error:
        raise UsageError(
            f"{HUB_TOML}: {error} cannot be set", hint="Give it a line of its own in its section."
        ) from error
    if text != before:
        write_durably(HUB_TOML, text.encode())
    for line in changed:
        print(f"  hub.toml: {line}")


def start_sshd(processes: Processes, host: DepotHost) -> None:
    """Start the depot's sshd, with the hub's own account where there is none yet."""
    _say(f"The depot waits behind a real sshd: {host.depot_url}")
    if host.account_command():
        _run(host.account_command())
    host.give_inbox()
    processes.start("sshd", host.command())
    processes.wait_until("sshd", lambda: _accepts(host.port), _START_TIMEOUT_S)


def sync() -> None:
    """Bring the hub what the office assigned."""
    _say("The hub syncs")
    _run([*_HUB, "sync"])


def take_reports() -> None:
    """Let the office take in what the hub reported, and look at its fleet."""
    _say("The office takes in what the hub reports")
    _run([*_OFFICE, "ingest"])
    _run([*_OFFICE, "fleet"])


def start_hub(processes: Processes, *, with_door: bool) -> None:
    """Start what runs on a hub all the time."""
    _say("The hub starts its portal, Kolibri and its announcement (the first time Kolibri takes a minute)")
    door: list[Command] = [("front-door", "--run")] if with_door else []
    for words in (("kolibri",), ("serve",), *door, ("announce",)):
        command = [*_HUB, *words]
        _show(command)
        processes.start(str(words[0]), _words(command))


def wait_for_pages(processes: Processes, host: str, ports: Ports, samples: Sequence[Sample]) -> None:
    """Wait until the portal, each pack, kiwix-serve, Kolibri and its channel answer at `host`."""
    _say("Everything answers")
    portal = f"http://{host}:{ports.portal}"
    kolibri = f"http://{host}:{ports.kolibri}"

    def wait(what: str, url: str, timeout_s: float, ready: Callable[[str], bool] = _answers) -> None:
        processes.wait_until(what, partial(ready, url), timeout_s)
        print(f"   {what}: {url}", flush=True)

    wait("portal", f"{portal}/", _START_TIMEOUT_S)
    for sample in samples:
        wait(f"pack {sample.pack_id}", f"{portal}/pack/{sample.pack_id}", _START_TIMEOUT_S)
        if sample.kind == "web":
            wait("its own origin", f"{portal}/view/{sample.pack_id}/", _START_TIMEOUT_S, _frame_answers)
        if sample.kind == "zim" and find_program("kiwix-serve"):
            wait("kiwix-serve", f"{portal}/view/{sample.pack_id}/", _START_TIMEOUT_S, _frame_answers)
    wait("Kolibri", f"{kolibri}/status/", _KOLIBRI_TIMEOUT_S)
    for channel in _CHANNEL.rglob("databases/*.sqlite3"):
        wait("Kolibri's channel", f"{kolibri}/api/content/channel/{channel.stem}/", _KOLIBRI_TIMEOUT_S)


def _answers(url: str) -> bool:
    return _read_page(url) is not None


def _frame_answers(url: str) -> bool:
    frame = re.search(r'<iframe[^>]* src="([^"]+)"', _read_page(url) or "")
    return frame is not None and _answers(frame[1])


def _read_page(url: str) -> str | None:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own http addresses
            text: str = answer.read().decode(errors="replace")
            return text
    except OSError:  # an HTTP error is one too
        return None


def _accepts(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((LOOPBACK, port)) == 0


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _step(command: Command, *, done: bool) -> None:
    if done:
        _show(command, "   # already there")
    else:
        _run(command)


def _once(command: Command) -> None:
    marker = DONE / "_".join(Path(word).name for word in command)
    _step(command, done=marker.exists())
    DONE.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _run(command: Command) -> None:
    _show(command)
    subprocess.run(_words(command), check=True)


def _words(command: Command) -> list[str]:
    program = BIN / command[0]
    return [str(word) for word in (program if program.exists() else command[0], *command[1:])]


def _show(command: Command, remark: str = "") -> None:
    """Print a command as it can be typed in the project's folder."""
    words = [word.removeprefix(f"{ROOT}/") for word in _words(command)]
    print(f"   $ {shlex.join(words)}{remark}", flush=True)


def missing_programs() -> list[str]:
    """Return, in words, what of the demo is missing because a program is."""
    lacks = {
        "sshd": "openssh-server is missing: the hub reads the depot's folder, without SSH",
        "nginx": "nginx-light is missing: no front door, so gunicorn sends pages and files, on two ports",
        "kiwix-serve": "kiwix-tools is missing: ZIM packs are installed and searched, but do not open",
    }
    return [text for program, text in lacks.items() if find_program(program) is None]

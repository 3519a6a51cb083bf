"""The whole road with the real commands: an office, a real sshd in front of its depot, a hub."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import commands
from support.sshd import Sshd

BIN = commands.BIN


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*words: object, timeout_s: float = 120, env: dict[str, str] | None = None) -> Ran:
    """Run one of our commands as a person would."""
    typed = [str(word) for word in words]
    return Ran(*commands.run_command(typed, env=os.environ if env is None else env, timeout_s=timeout_s))


def must(*words: object, timeout_s: float = 120) -> Ran:
    """Run a command that has to succeed."""
    ran = run(*words, timeout_s=timeout_s)
    assert ran.code == 0, f"{' '.join(map(str, words))}: exit {ran.code}\n{ran.out}\n{ran.err}"
    return ran


class Road:
    """An office in `folder`/central, a hub in `folder`/hub, and an sshd between them."""

    def __init__(self, folder: Path, *, hub_id: str = "h-test", hub: Path | None = None) -> None:
        self.folder, self.hub_id = folder, hub_id
        self.central, self.hub = folder / "central", hub or folder / "hub"
        must("central", "init", self.central)
        self.depot = self.central / "depot"
        self.sshd = Sshd(folder / "sshd", depot=self.depot)
        self.sshd.start()
        host_key = folder / "host_key.pub"
        host_key.write_text("\n".join(self.sshd.host_keys) + "\n")
        try:
            self._enrol(host_key)
        except BaseException:
            self.stop()
            raise

    def _enrol(self, host_key: Path) -> None:
        root, url = self.central / "hub-root.json", self.sshd.url(str(self.depot))
        made = must(
            *("hub", "init", self.hub, "--root", root, "--depot", url),
            *("--host-key", host_key, "--hub-id", self.hub_id, "--json"),
        ).json
        self.sshd.authorize(made["public_key"])
        key = self.hub / "keys" / "id_ed25519.pub"
        must("central", "--dir", self.central, "enrol", self.hub_id, key, "--school", "Школа")

    def build(self, source: Path) -> Path:
        out = self.folder / "built" / source.name
        must("packs", "build", source, "-o", out)
        return out

    def publish(self, *sources: Path, options: tuple[str, ...] = ()) -> None:
        built = [self.build(source) for source in sources]
        must("central", "--dir", self.central, "publish", *built, *options)

    def assign(self, *packs: str) -> None:
        for pack in packs:
            must("central", "--dir", self.central, "assign", pack, "--hub", self.hub_id)

    def sync(self, *options: object) -> Ran:
        return run("hub", "--dir", self.hub, "sync", "--no-neighbours", *options)

    def packs(self) -> dict[str, dict[str, Any]]:
        listed = must("hub", "--dir", self.hub, "packs", "--json").json["packs"]
        return {pack["id"]: pack for pack in listed}

    def stop(self) -> None:
        self.sshd.stop()

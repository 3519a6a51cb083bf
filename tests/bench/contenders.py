"""Who brings a new version of a book over an sshd: our `hub sync`, and `rsync -az` as the peer."""

import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bench.measure import Run, run
from support.road import BIN, Road
from support.sources import read_tree, write_source
from support.sshd import Sshd, make_client_key

PACK = "textbook"
# What `hub sync` has to get through: the ForceCommand, without which rsync and scp can run on the server.
WITH_SHELL = ("ForceCommand none",)


class Contender(Protocol):
    """Holds each version of the book at the far end and can be put into the state of having any of them."""

    name: str
    port: int  # of its sshd

    def prepare(self, has: int | None, wants: int) -> Path:
        """Return a folder in which version `has` (None: nothing) was fetched before and `wants` is due."""
        ...

    def fetch(self, state: Path, port: int) -> Run:
        """Bring the version that is due, through `port`; AssertionError where the bytes are not right."""
        ...


class HubSync:
    """`hub sync` from an sshd with ForceCommand internal-sftp, as in the field."""

    name = "hub sync"

    def __init__(self, folder: Path, trees: Sequence[Path]) -> None:
        self._road = Road(folder, hub_id="h-bench")
        self._trees = trees
        self.port = self._road.sshd.port
        self._scratch = folder / "scratch"
        self._states: dict[int | None, Path] = {None: copy_tree(self._road.hub, folder / "state-0")}
        self._assigned = 0
        try:
            self._road.publish(*(self._source(version) for version in range(1, len(trees) + 1)))
        except BaseException:
            self.stop()
            raise

    def _source(self, version: int) -> Path:
        folder = self._road.folder / f"source-{version}"
        write_source(folder, {}, id=PACK, version=version, content="site", language="en")
        copy_tree(self._trees[version - 1], folder / "site")
        return folder

    def prepare(self, has: int | None, wants: int) -> Path:
        if has not in self._states:
            self.fetch(self.prepare(None, has or 0), self.port)
        if wants != self._assigned:
            self._road.assign(f"{PACK}@{wants}")
            self._assigned = wants
        shutil.rmtree(self._scratch, ignore_errors=True)
        return copy_tree(self._states[has], self._scratch)

    def fetch(self, state: Path, port: int) -> Run:
        settings = state / "hub.toml"
        settings.write_text(re.sub(r":\d+/", f":{port}/", settings.read_text()))
        ran = run([BIN / "hub", "--dir", state, "sync"])
        current = state / "packs" / PACK / "current"
        version = int(current.readlink().name)
        assert version == self._assigned, f"version {version} instead of {self._assigned}"
        assert read_tree(current / "files") == read_tree(self._trees[version - 1]), "other bytes came"
        if version not in self._states:
            self._states[version] = copy_tree(state, state.with_name(f"state-{version}"))
        return ran

    def depot_sizes(self) -> dict[str, int]:
        """Return what lies in the depot for the hub and for each version, in bytes."""
        depot = self._road.depot
        files = [depot / "heads" / self._road.hub_id, *sorted((depot / "packs").rglob("*"))]
        return {f.relative_to(depot).as_posix(): f.stat().st_size for f in files if f.is_file()}

    def stop(self) -> None:
        """End its sshd."""
        self._road.stop()


class ShellAccount:
    """An account on a second sshd of the same kind, but for the ForceCommand: rsync and scp need a shell."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = folder / "id_ed25519"
        self._sshd = Sshd(folder / "sshd", depot=folder, options=WITH_SHELL)
        self._sshd.authorize(make_client_key(self._key))
        self._known_hosts = folder / "known_hosts"
        lines = [f"depot {line}" for line in self._sshd.host_keys]
        self._known_hosts.write_text("".join(lines))
        self._sshd.start()
        self.user, self.port = self._sshd.user, self._sshd.port

    def ssh_options(self) -> list[str]:
        """Return what ssh, or scp, has to be told; the rest are OpenSSH's own defaults."""
        options = ("BatchMode=yes", "IdentitiesOnly=yes", "HostKeyAlias=depot", "StrictHostKeyChecking=yes")
        named = [
            word
            for option in (*options, f"UserKnownHostsFile={self._known_hosts}")
            for word in ("-o", option)
        ]
        return ["-F", "none", "-i", str(self._key), *named]

    def stop(self) -> None:
        """End its sshd."""
        self._sshd.stop()


class Rsync:
    """`rsync -az -c --delete` over ssh."""

    name = "rsync -az"

    def __init__(self, folder: Path, trees: Sequence[Path]) -> None:
        folder.mkdir(parents=True)
        self._account = ShellAccount(folder)
        self._trees = trees
        self._scratch = folder / "scratch"
        self._wants = trees[0]
        self.port = self._account.port

    def prepare(self, has: int | None, wants: int) -> Path:
        shutil.rmtree(self._scratch, ignore_errors=True)
        if has is None:
            self._scratch.mkdir()
        else:
            copy_tree(self._trees[has - 1], self._scratch)
        self._wants = self._trees[wants - 1]
        return self._scratch

    def fetch(self, state: Path, port: int) -> Run:
        shell = " ".join(["ssh", "-p", str(port), *self._account.ssh_options()])
        source = f"{self._account.user}@127.0.0.1:{self._wants}/"
        ran = run(["rsync", "-az", "-c", "--delete", "-e", shell, source, f"{state}/"])
        assert read_tree(state) == read_tree(self._wants), "other bytes came"
        return ran

    def stop(self) -> None:
        """End its sshd."""
        self._account.stop()


def copy_tree(folder: Path, target: Path) -> Path:
    """Copy a folder, hard links as such; the copy may be written to and removed, whatever the original."""
    subprocess.run(["cp", "-a", folder, target], check=True)
    for path in (target, *target.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    return target

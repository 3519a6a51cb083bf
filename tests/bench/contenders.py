"""Who brings a new version of a pack over an sshd: our `hub sync`, and `rsync -az` as the peer."""

import re
import shutil
from pathlib import Path
from typing import Protocol

from bench.measure import Run, run
from bench.stories import Story
from bench.trees import copy_tree, is_same_tree
from support.road import BIN, Road
from support.sources import write_source
from support.sshd import Sshd, make_client_key

# What `hub sync` has to get through: the ForceCommand, without which rsync and scp can run on the server.
WITH_SHELL = ("ForceCommand none",)
PUBLISH_OPTIONS = ("--yes",)  # a version may be smaller than the one before


class Contender(Protocol):
    """Holds each version of a pack at the far end, and can be put into the state of having any of them."""

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

    def __init__(self, folder: Path, story: Story) -> None:
        self._story = story
        self._road = Road(folder, hub_id="h-bench")
        self.port = self._road.sshd.port
        self._scratch = folder / "scratch"
        self._states: dict[int | None, Path] = {None: copy_tree(self._road.hub, folder / "state-0")}
        self._assigned = 0
        try:  # one after another, as it goes: each knows its predecessor
            self.published = [self._publish(version) for version in range(1, len(story.trees) + 1)]
        except BaseException:
            self.stop()
            raise

    def _publish(self, version: int) -> Run:
        """Publish a version, and assign it as the office would: what was assigned before may be on hubs."""
        folder = self._road.folder / f"source-{version}"
        story = self._story
        fields = {"id": story.pack, "version": version, "kind": story.kind, "entry": story.entry}
        write_source(folder, {}, **fields, content="site", language="en")
        copy_tree(story.trees[version - 1], folder / "site")
        built = self._road.build(folder)
        ran = run([BIN / "central", "--dir", self._road.central, "publish", built, *PUBLISH_OPTIONS])
        self._assign(version)
        return ran

    def _assign(self, version: int) -> None:
        if version != self._assigned:
            self._road.assign(f"{self._story.pack}@{version}")
            self._assigned = version

    def prepare(self, has: int | None, wants: int) -> Path:
        if has not in self._states:
            self.fetch(self.prepare(None, has or 0), self.port)
        self._assign(wants)
        shutil.rmtree(self._scratch, ignore_errors=True)
        return copy_tree(self._states[has], self._scratch)

    def fetch(self, state: Path, port: int) -> Run:
        point_at(state, port)
        ran = run([BIN / "hub", "--dir", state, "sync", "--no-neighbours"])
        current = state / "packs" / self._story.pack / "current"
        version = int(current.readlink().name)
        assert version == self._assigned, f"version {version} instead of {self._assigned}"
        assert is_same_tree(current / "files", self._story.trees[version - 1]), "other bytes came"
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


def point_at(hub_dir: Path, port: int) -> None:
    """Let a hub find its depot behind this port."""
    settings = hub_dir / "hub.toml"
    settings.write_text(re.sub(r":\d+/", f":{port}/", settings.read_text()))


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

    def __init__(self, folder: Path, story: Story) -> None:
        folder.mkdir(parents=True)
        self._account = ShellAccount(folder)
        self._trees = story.trees
        self._scratch = folder / "scratch"
        self._wants = story.trees[0]
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
        assert is_same_tree(state, self._wants), "other bytes came"
        return ran

    def stop(self) -> None:
        """End its sshd."""
        self._account.stop()

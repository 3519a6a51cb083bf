"""Peers that bring a new version from a web server: zsync and casync, from nginx."""

import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from bench.measure import Run, run
from bench.servers import nginx
from bench.stories import Story
from bench.trees import copy_tree, is_same_tree, write_tar


class Zsync:
    """`zsync` of an uncompressed tar, knowing the tar of the version before."""

    name = "zsync"

    def __init__(self, folder: Path, story: Story) -> None:
        root = folder / "www"
        root.mkdir(parents=True)
        self._tars = [
            write_tar(tree, root / f"v{version}.tar") for version, tree in enumerate(story.trees, start=1)
        ]
        for tar in self._tars:
            command = ["zsyncmake", "-u", tar.name, "-o", f"{tar}.zsync", tar]
            subprocess.run(command, check=True, capture_output=True)
        self._serving = ExitStack()
        self.port = self._serving.enter_context(nginx(folder / "nginx", root)).port
        self._scratch = folder / "scratch"
        self._wants = 0

    def prepare(self, has: int | None, wants: int) -> Path:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._wants = wants
        if has is not None:
            shutil.copyfile(self._tars[has - 1], self._scratch / "old.tar")
        return self._scratch

    def fetch(self, state: Path, port: int) -> Run:
        old = state / "old.tar"
        known = ["-i", old] if old.exists() else []
        url = f"http://127.0.0.1:{port}/v{self._wants}.tar.zsync"
        ran = run(["zsync", "-q", *known, "-o", state / "new.tar", url])
        wanted = self._tars[self._wants - 1]
        assert (state / "new.tar").read_bytes() == wanted.read_bytes(), "other bytes came"
        return ran

    def stop(self) -> None:
        """End its web server."""
        self._serving.close()


class Casync:
    """`casync extract` with its chunks of about 64 KiB, the version before as its seed."""

    name = "casync"

    def __init__(self, folder: Path, story: Story) -> None:
        root = folder / "www"
        root.mkdir(parents=True)
        self._trees = story.trees
        for version, tree in enumerate(story.trees, start=1):
            index = root / f"v{version}.caidx"
            command = ["casync", "make", "--without=all", f"--store={root / 'chunks'}", index, tree]
            subprocess.run(command, check=True, capture_output=True)
        self._serving = ExitStack()
        self.port = self._serving.enter_context(nginx(folder / "nginx", root)).port
        self._scratch = folder / "scratch"
        self._wants = 0

    def prepare(self, has: int | None, wants: int) -> Path:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._wants = wants
        if has is not None:
            copy_tree(self._trees[has - 1], self._scratch / "old")
        return self._scratch

    def fetch(self, state: Path, port: int) -> Run:
        seed = [f"--seed={state / 'old'}"] if (state / "old").exists() else []
        url = f"http://127.0.0.1:{port}"
        words = ["casync", "extract", "--without=all", f"--store={url}/chunks", *seed]
        ran = run([*words, f"{url}/v{self._wants}.caidx", state / "new"])
        assert is_same_tree(state / "new", self._trees[self._wants - 1]), "other bytes came"
        return ran

    def stop(self) -> None:
        """End its web server."""
        self._serving.close()

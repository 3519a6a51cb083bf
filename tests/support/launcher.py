"""The card's launcher and its counter of starts, with their paths below a folder of the test's."""

import os
import subprocess
from pathlib import Path

FILES = Path(__file__).parents[2] / "image" / "files" / "usr"
SHELLS = (("/usr/bin/dash",), ("/usr/bin/busybox", "sh"))
IMAGE = 0  # what answers where no version of /data/software is taken


class Launcher:
    """A card's root in `folder`: versions that say their number, and the scripts of the image."""

    def __init__(self, folder: Path, shell: tuple[str, ...] = SHELLS[0]) -> None:
        self.software, self._shell, self._folder = folder / "software", shell, folder
        self.software.mkdir(parents=True, exist_ok=True)
        (folder / "built-at").write_text("1000\n")
        self.uptime = folder / "uptime"
        self.uptime.write_text("10.00 5.00\n")
        self._write_program(folder / "opt" / "bin" / "hub", IMAGE)
        self.restarted = folder / "restarted"
        self._write(folder / "bin" / "systemctl", f'#!/bin/sh\necho "$*" >>{self.restarted}\n')
        for name in ("bin/hub", "lib/hub/software-trial"):
            text = (FILES / name).read_text()
            for old, new in (
                ("/data/software", self.software),
                ("/opt/hub", folder / "opt"),
                ("/usr/lib/hub/built-at", folder / "built-at"),
                ("/proc/uptime", self.uptime),
            ):
                text = text.replace(old, str(new))
            self._write(folder / "usr" / Path(name).name, text)

    def add(self, number: int, *, built_at: int = 2000) -> Path:
        """Put a version into its place, as `make_environment` leaves it."""
        place = self.software / str(number)
        self._write_program(place / "bin" / "hub", number)
        (place / "bin" / "python").symlink_to("/bin/sh")
        (place / "built-at").write_text(f"{built_at}\n")
        return place

    def start(self) -> int:
        """Return which version the launcher starts."""
        done = self._run("hub", "status")
        assert done.stderr == ""
        number, word = done.stdout.split()
        assert word == "status"
        return int(number)

    def complaint(self) -> str:
        """Return what the version that the launcher starts says of a word that it does not know."""
        return self._run("hub", "dance").stderr

    def boot(self) -> int:
        """Start the machine: count, then return which version runs."""
        self.trial("count")
        return self.start()

    def trial(self, word: str) -> str:
        """Run the counter and return what it says."""
        done = self._run("software-trial", word)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def _run(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [*self._shell, str(self._folder / "usr" / name), *words]
        env = {"PATH": f"{self._folder / 'bin'}:{os.environ['PATH']}"}
        return subprocess.run(command, capture_output=True, text=True, timeout=30, env=env, check=False)

    def _write_program(self, path: Path, number: int) -> None:
        self._write(path, f'#!/bin/sh\necho {number} "$1"\n[ "$1" = status ] || echo "{number}: $1?" >&2\n')

    def _write(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

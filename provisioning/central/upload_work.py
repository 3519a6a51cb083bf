"""What is done with an upload, in a process of its own: `python -m provisioning.central.upload_work`.

Publishing takes minutes, much memory and the umask of the whole process: none of that belongs into a server
with threads. A passphrase comes on stdin and is written nowhere.
"""

import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from content_packs.build import build_pack
from content_packs.built import BuiltPack, open_built, verify_built
from content_packs.check import check_source
from content_packs.console import Advance
from content_packs.durable import locked
from content_packs.errors import Error
from content_packs.source import PACK_TOML, open_source
from provisioning.central import publish as publishing
from provisioning.central.audit import record
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.gc import read_held
from provisioning.central.keys import KeyAccess
from provisioning.central.office import Office
from provisioning.central.packs_key import unlocked
from provisioning.central.publishers import key_of
from provisioning.central.release import change, read_wanted
from provisioning.central.rollouts.stages import Stage, parse_stages
from provisioning.central.rollouts.work import Rules, start_all
from provisioning.central.unpack_upload import find_pack, unpack_upload
from provisioning.central.uploads import UploadState, folder_of, read_state, write_state

_EVERY_S = 1.0  # a page looks every five
_TOLD = ("id", "version", "kind", "title", "language", "licence", "description")


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to publish."""

    allow_shrink: bool = False
    stages: tuple[Stage, ...] = ()  # of a rollout that begins with it; none: to everybody at once

    @classmethod
    def parse(cls, words: Sequence[str]) -> "Wishes":
        """Return what the last words of the command line say."""
        stages = [word for word in words if not word.startswith("--")]
        return cls("--yes" in words, parse_stages(stages[0]) if stages else ())


@dataclass
class _Work:
    """One upload and how far it is; the state is written at most once a second."""

    folder: Path
    state: UploadState
    written_s: float = 0.0

    def tell(self, *, at_once: bool = True, **changed: object) -> None:
        self.state = replace(self.state, **changed)  # type: ignore[arg-type]
        if at_once or time.monotonic() - self.written_s >= _EVERY_S:
            self.written_s = time.monotonic()
            write_state(self.folder, self.state, now=datetime.now(UTC))

    def fail(self, code: str, message: str, hint: str = "") -> None:
        """Say why it goes no further."""
        place = f"{self.state.step}/{code}".lstrip("/")
        self.tell(phase="failed", code=place, message=message, hint=hint, step="")

    @contextmanager
    def progress(self, label: str, total_bytes: int) -> Iterator[Advance]:
        """Show a step as `console.progress` does."""
        self.tell(step=label, done_bytes=0, total_bytes=total_bytes)

        def count_up(count: int) -> None:
            self.tell(at_once=False, done_bytes=self.state.done_bytes + count)

        yield count_up


def check_upload(folder: Path, state: UploadState) -> None:
    """Unpack an upload and look for faults; the state says what was found."""
    work = _Work(folder, state)
    try:
        work.tell(step="unpacking")
        place = unpack_upload(folder / "upload.zip", folder / "unpacked")
        (folder / "upload.zip").unlink()
        if (place / PACK_TOML).is_file():
            work.tell(step="checking")
            _check_source(work, place)
        else:
            work.tell(step="verifying")
            built = open_built(place)
            with work.progress("verifying", built.index.download_bytes) as advance:
                verify_built(built, advance=advance)
            fields = {name: value for name, value in built.index.pack.to_dict().items() if name in _TOLD}
            work.tell(phase="checked", kind="built", pack=fields, step="")
    except Error as error:
        work.fail(error.code, error.message, error.hint or "")
    except Exception:
        work.fail("our-fault", "a fault of ours, see the log of `central serve`")
        raise


def _check_source(work: _Work, place: Path) -> None:
    source = open_source(place)
    findings = tuple(
        {
            "severity": finding.severity,
            "path": finding.path,
            "line": finding.line,
            "message": finding.message,
            "hint": finding.hint,
            "code": finding.code,
        }
        for finding in check_source(source)
    )
    fields = {name: _plain(source.values[name]) for name in _TOLD if name in source.values}
    work.tell(phase="checked", kind="source", pack=fields, findings=findings, step="")


def _plain(value: object) -> object:
    return value if isinstance(value, int) else str(value)[:300]


def publish_upload(
    office: Office, folder: Path, state: UploadState, wishes: Wishes, *, now: datetime
) -> None:
    """Build what is a source, and put it on offer; the state says what came of it."""
    work = _Work(folder, replace(state, phase="publishing", message="", hint="", code="", step="key"))
    try:
        with open_fleet(office.fleet_db) as fleet:
            office.open_keys().require(key_of(fleet, str(state.pack.get("id", ""))))
        built = _built(work)
        outcome, hubs = _publish(office, work, built, wishes, now=now)
        record(office, state.who, "publish", {"packs": outcome.published, "file": state.file}, now)
        names = outcome.published or outcome.already
        work.tell(phase="done", published=names, changes=hubs, step="")
        for done_with in ("unpacked", "built"):  # it is in the depot now
            shutil.rmtree(folder / done_with, ignore_errors=True)
    except Error as error:
        work.fail(error.code, error.message, error.hint or "")
    except Exception:
        work.fail("our-fault", "a fault of ours, see the log of `central serve`")
        raise


def _built(work: _Work) -> BuiltPack:
    place = find_pack(work.folder / "unpacked")
    if work.state.kind == "built":
        return open_built(place)
    work.tell(step="building")
    return build_pack(place, work.folder / "built", progress=work.progress)


def _publish(
    office: Office, work: _Work, built: BuiltPack, wishes: Wishes, *, now: datetime
) -> tuple[publishing.Outcome, int]:
    with work.progress("verifying", built.index.download_bytes) as advance:
        verify_built(built, advance=advance)
    with work.progress("publishing", built.index.download_bytes + len(built.index_bytes)) as advance:

        def edit(fleet: Fleet) -> publishing.Outcome:
            before = read_wanted(fleet)
            outcome = publishing.publish(
                office,
                fleet,
                [built],
                now=now,
                allow_shrink=wishes.allow_shrink,
                advance=advance,
                held=read_held(office, fleet, now=now),
                progress=work.progress,
            )
            if wishes.stages:
                start_all(fleet, outcome.published, wishes.stages, Rules(), before=before, now=now)
            return outcome

        outcome, changes = change(office, edit, doing="publish", now=now)
    return outcome, len({each.hub_id for each in changes})


def main(arguments: list[str]) -> int:
    """Do one thing with one upload: DIR ID check, or DIR ID publish [--yes] [STAGES].

    The passphrase of the key comes on stdin.
    """
    directory, upload_id, task, *more = arguments
    folders = tuple(Path(word.partition("=")[2]) for word in more if word.startswith("--key-dir="))
    office = Office(Path(directory), KeyAccess(folders))
    folder = folder_of(office, upload_id)
    now = datetime.now(UTC)
    state = read_state(folder, now=now) if folder else None
    if folder is None or state is None:
        return 1
    passphrase = sys.stdin.readline().rstrip("\n")
    with locked(folder / "lock", doing=task):
        if task == "check":
            check_upload(folder, state)
        else:
            opened = unlocked(office, passphrase)
            publish_upload(opened, folder, state, Wishes.parse(more), now=now)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Compile policies and put their packs on offer; what did not change gets no new version."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from content_packs.blocklist import ALLOW, DOMAINS, LESSON
from content_packs.build import build_pack
from content_packs.errors import UsageError, local_error
from content_packs.meta import parse_toml
from content_packs.source import PACK_TOML
from provisioning.central import publish as publishing
from provisioning.central.filters.compiling import (
    Compiled,
    Difference,
    compare,
    compile_policy,
    digest_of,
    replace_folder,
)
from provisioning.central.filters.lists import find_policy
from provisioning.central.filters.tables import FilterTables, Policy
from provisioning.central.fleet import Fleet
from provisioning.central.gc import read_held
from provisioning.central.office import Office

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
_WORK = ".work-"
_LICENCE = "LicenseRef-see-the-lists"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one policy. `version` is the one on offer now; 0: none is, as after a dry run."""

    compiled: Compiled
    version: int
    is_new: bool
    always: Difference
    lesson: Difference
    allowed: Difference


def source_of(office: Office, policy: Policy) -> Path:
    """Return where the pack source lies that was last made of a policy."""
    return office.filters / "packs" / policy.pack_id


def publish_policies(
    office: Office,
    fleet: Fleet,
    names: Iterable[str] = (),
    *,
    now: datetime,
    allow_shrink: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda *_: nullcontext(lambda _: None),
) -> list[Outcome]:
    """Compile policies, all without `names`, and publish those that changed. Call it within `change`.

    Raises:
        UsageError: there is no such policy, or none at all.
        BadDataError: a policy blocks nothing, too much, or lost a fifth of its size.
    """
    tables = FilterTables(fleet)
    chosen = [find_policy(tables, name) for name in names] or tables.list_policies()
    if not chosen:
        raise UsageError(
            "there is no policy yet", hint="Say what is blocked: central filter policy set NAME --block …"
        )
    try:
        if not dry_run:
            (office.filters / "packs").mkdir(parents=True, exist_ok=True)
            for left_by_a_crash in office.filters.glob(f"{_WORK}*"):  # nobody else works here: we are locked
                shutil.rmtree(left_by_a_crash)
        return [
            _publish_one(office, fleet, p, now, allow_shrink=allow_shrink, dry_run=dry_run, progress=progress)
            for p in chosen
        ]
    except OSError as error:
        raise local_error(error, "compiling a filter") from error


def _publish_one(
    office: Office,
    fleet: Fleet,
    policy: Policy,
    now: datetime,
    *,
    allow_shrink: bool,
    dry_run: bool,
    progress: Progress,
) -> Outcome:
    before, last = source_of(office, policy), _last_version(fleet, policy)
    place = office.filters if office.filters.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix=_WORK) as work:
        folder = Path(work) / "source"
        folder.mkdir()
        compiled = compile_policy(office, fleet, policy, folder)
        differences = [compare(before, folder, name) for name in (DOMAINS, LESSON, ALLOW)]
        if _version_of(before) == last > 0 and digest_of(before) == compiled.sha256:
            return Outcome(compiled, last, False, *differences)
        if dry_run:
            return Outcome(compiled, last, True, *differences)
        _write_toml(folder, policy, last + 1)
        built = build_pack(folder, Path(work) / "built", progress=progress)
        publishing.publish(
            office,
            fleet,
            [built],
            now=now,
            allow_shrink=allow_shrink,
            held=read_held(office, fleet, now=now),
            progress=progress,
        )
        shutil.rmtree(Path(work) / "built")
        replace_folder(folder, before)
    return Outcome(compiled, last + 1, True, *differences)


def _last_version(fleet: Fleet, policy: Policy) -> int:
    return max((pack.version for pack in fleet.list_packs() if pack.pack_id == policy.pack_id), default=0)


def _version_of(folder: Path) -> int:
    """Return the version that a source was made for; 0: there is none, or its pack was never published."""
    try:
        version = parse_toml((folder / PACK_TOML).read_text(encoding="utf-8"))[0].get("version", 0)
    except OSError:
        return 0
    return version if isinstance(version, int) else 0


def _write_toml(folder: Path, policy: Policy, version: int) -> None:
    values = {
        "id": policy.pack_id,
        "version": version,
        "kind": "filter",
        "title": f"Фільтр інтернету: {policy.name}",
        "language": "uk",
        "licence": _LICENCE,
    }
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items())
    (folder / PACK_TOML).write_text("".join(lines), encoding="utf-8")


def rules_text(policy: Policy) -> str:
    """Return a policy as a person says it."""
    parts = [f"blocks {', '.join(policy.block)}"] if policy.block else []
    if policy.lesson_block:
        parts.append(f"in lessons ({policy.lesson_time}) also {', '.join(policy.lesson_block)}")
    if policy.allow_lists:
        parts.append(f"leaves open {', '.join(policy.allow_lists)}")
    parts.append(f"safe search {'on' if policy.safe_search else 'off'}")
    return "; ".join(parts)

"""Lessons and sticks: what is installed and may be rolled back, what a stick brings, what is to come."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from content_packs.errors import LocalError
from hub.db import open_db
from hub.library.installed import DAMAGED, InstalledPack, is_lesson, list_packs
from hub.machine import is_card
from hub.settings import HubPaths
from hub.sticks import list_sticks
from hub.updates import read_updates
from hub.web.pages import fresh_page
from hub.web.portal import page_language, shelf_view, this_portal
from hub.web.signin import needs
from hub.web.tech.actions import older_version
from hub.web.tech.status import current_status

bp = Blueprint("content", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """An installed pack as the technician sees it."""

    pack: InstalledPack
    older: int | None  # the version that a rollback shows again
    held_from: int | None  # the version that a rollback put aside
    damaged: int  # files that are not as they were signed and were taken away


@bp.get("/tech/content")
@needs("admin")
def show() -> Response:
    """What is on the hub, on its sticks and on the way."""
    return _show()


@fresh_page
def _show() -> str:
    portal, status = this_portal(), current_status()
    held = {pack["id"]: pack["held_from"] for pack in status.facts["held"]}
    return render_template(
        "tech/content.html",
        packs=list(_list_shown(portal.paths, held)),
        system=list(_list_system(portal.paths)),
        sticks=list_sticks(portal.paths),
        titles={pack.pack.id: pack.pack.title for pack in shelf_view().packs},
        disk=status.facts["disk"],
        coming=status.facts["coming"],
        is_card=is_card(),
    )


def _list_shown(paths: HubPaths, held: dict[str, int]) -> Iterator[Shown]:
    for pack in shelf_view().by_title(page_language()):
        pack_id = pack.pack.id
        yield Shown(pack, older_version(paths, pack_id), held.get(pack_id), _count_damaged(pack))


@dataclass(frozen=True, slots=True)
class ShownSystem:
    """An installed pack that is for the hub itself; `state` is empty for one of which nothing was told."""

    pack: InstalledPack
    state: str
    why: str


def _list_system(paths: HubPaths) -> Iterator[ShownSystem]:
    told = read_updates(paths)
    try:
        with closing(open_db(paths.db)) as db:
            packs = [pack for pack in list_packs(db, paths) if not is_lesson(pack.pack.kind)]
    except (sqlite3.Error, LocalError):  # the status says why
        return
    for pack in packs:
        item = told.find(pack.pack.kind) if told else None
        if item is None or (item.pack_id, item.version) != (pack.pack.id, pack.pack.version):
            yield ShownSystem(pack, "", "")
        else:
            yield ShownSystem(pack, item.state, item.why)


def _count_damaged(pack: InstalledPack) -> int:
    try:
        return len((pack.dir / DAMAGED).read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return 0

"""Lessons and sticks: what is installed and may be rolled back, what a stick brings, what is to come."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from hub.library.installed import DAMAGED, InstalledPack
from hub.settings import HubPaths
from hub.sticks import list_sticks
from hub.web.pages import fresh_page
from hub.web.portal import page_language, shelf_view, this_portal
from hub.web.signin import needs
from hub.web.tech.actions import older_version
from hub.web.tech.card import is_card
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


def _count_damaged(pack: InstalledPack) -> int:
    try:
        return len((pack.dir / DAMAGED).read_text(encoding="utf-8", errors="replace").splitlines())
    except OSError:
        return 0

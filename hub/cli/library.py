"""`hub packs`, `hub search`, `hub repair`: what is on this hub."""

from typing import TYPE_CHECKING, Any

import click

from content_packs.console import note, print_json, progress, size_text
from content_packs.durable import locked
from content_packs.errors import UsageError
from content_packs.kinds import KINDS
from hub.ballast import settle
from hub.cli.options import json_option, no_index_option, with_hub
from hub.clock import hub_now
from hub.library import indexer, search_db
from hub.library.install import held_version, release, require_installed, roll_back
from hub.library.installed import InstalledPack, list_pack_ids, list_packs, list_versions
from hub.library.rebuild import open_library, repair
from hub.library.store import open_store
from hub.settings import SYNC_LOCK, HubPaths, read_settings

if TYPE_CHECKING:
    from hub.library.search import Hit


@click.command("packs")
@click.option("--rollback", metavar="PACK", help="Show the version before this one again, and hold it.")
@click.option(
    "--follow", metavar="PACK", help="Undo a rollback: the next sync brings what the office assigns."
)
@no_index_option
@json_option
@with_hub
def packs(paths: HubPaths, rollback: str | None, follow: str | None, no_index: bool, as_json: bool) -> None:
    """List the installed packs, or roll one back."""
    read_settings(paths)
    if rollback and follow:
        raise UsageError("--rollback and --follow exclude each other")
    if rollback or follow:
        with locked(paths.lock(SYNC_LOCK), doing="changing a pack"):
            if rollback:
                note(f"{rollback}: version {roll_back(paths, rollback)} is shown again")
            elif follow:
                require_installed(paths, follow)
                if held_version(paths, follow) is None:
                    raise UsageError(f"{follow}: is not rolled back", hint="`hub packs` lists what is shown.")
                release(paths, follow)
                note(f"{follow}: no longer held; `hub sync` brings the version that the office assigns")
    db = open_library(paths, now=hub_now(paths.trust))
    try:
        found = list_packs(db, paths)
    finally:
        db.close()
    if (rollback or follow) and not no_index:
        indexer.spawn(paths).wait()
    if as_json:
        print_json({"format": 1, "packs": [_to_dict(pack) for pack in found]})
        return
    for pack in found:
        meta = pack.pack
        click.echo(
            f"{meta.id:24} v{meta.version:<5} {meta.kind:8} {size_text(pack.size_bytes):>9}  {meta.title}"
        )
    if not found:
        click.echo("No packs are installed yet. `hub sync` brings what the office assigned.")


def _to_dict(pack: InstalledPack) -> dict[str, Any]:
    meta = pack.pack
    return {
        "id": meta.id,
        "version": meta.version,
        "kind": meta.kind,
        "title": meta.title,
        "path": str(pack.content_dir),
        "language": meta.language,
        "size_bytes": pack.size_bytes,
        "installed_at": pack.installed_at,
    }


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100))  # search.MAX_LIMIT
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only in packs of this kind.")
@click.option("--subject", metavar="NAME", default="", help="Only in packs of this subject, such as biology.")
@click.option("--grade", metavar="N", type=click.IntRange(0, 12), help="Only in packs for this grade.")
@click.option("--language", metavar="CODE", help="Only what is in this language, such as uk.")
@click.option("--typed", is_flag=True, help="As it is typed: try no other spelling or keyboard layout.")
@json_option
@with_hub
def search(
    paths: HubPaths,
    words: tuple[str, ...],
    limit: int,
    kind: str | None,
    subject: str,
    grade: int | None,
    language: str | None,
    typed: bool,
    as_json: bool,
) -> None:
    """Search everything that is on this hub."""
    from hub.library.search import Filters, Page  # lemmas and spellings: only this command needs them
    from hub.library.search import search as run_search

    settings = read_settings(paths)
    result = run_search(
        paths,
        " ".join(words),
        ui_language=settings.portal.language,
        filters=Filters(kind=kind, language=language, pack_ids=_fitting_packs(paths, subject, grade)),
        page=Page(limit),
        as_typed=typed,
    )
    if as_json:
        print_json(
            {
                "format": 1,
                "results": [_hit_to_dict(hit) for hit in result.hits],
                "total": result.total,
                "suggestion": result.suggestion,
                "shown": result.shown,
                "mode": result.mode,
            }
        )
        return
    if result.shown:
        click.echo(f"Shown: {result.shown}. With --typed: as it is typed.")
    for hit in result.hits:
        click.echo(f"{hit.title}  [{hit.pack_title}]\n    {hit.snippet_text}\n    {_hit_to_dict(hit)['url']}")
    if not result.hits:
        click.echo("Nothing was found.")
    if result.suggestion:
        click.echo(f"Did you mean: {result.suggestion}")


def _fitting_packs(paths: HubPaths, subject: str, grade: int | None) -> frozenset[str] | None:
    """Return the ids of the packs of a subject and a grade; None where neither is asked for."""
    from hub.web.facets import fitting_packs  # Flask: only this command needs it
    from hub.web.subjects import find_subject

    if not subject and grade is None:
        return None
    db = open_library(paths, now=hub_now(paths.trust))
    try:
        packs = list_packs(db, paths)
    finally:
        db.close()
    slug = find_subject(subject).slug if subject else ""
    return fitting_packs(packs, subject=slug, grade="" if grade is None else str(grade))


def _hit_to_dict(hit: "Hit") -> dict[str, Any]:
    from hub.web.links import view_path  # Flask: only this command needs it

    return {
        "title": hit.title,
        "url": view_path(hit.pack_id, hit.path),
        "pack": hit.pack_id,
        "kind": hit.kind,
        "snippet": hit.snippet_text,
        "language": hit.language,
    }


@click.command("repair")
@no_index_option
@json_option
@with_hub
def repair_command(paths: HubPaths, no_index: bool, as_json: bool) -> None:
    """Check every installed byte; drop what is damaged; make the database and the search index anew."""
    settings = read_settings(paths)
    with locked(paths.lock(SYNC_LOCK), doing="repair"):
        settle(paths, settings)
        with progress("checking", _stored_bytes(paths)) as advance:
            report = repair(paths, now=hub_now(paths.trust), advance=advance)
        search_db.condemn(paths.search_db)
    if not no_index:
        indexer.spawn(paths).wait()
    if as_json:
        print_json(
            {
                "format": 1,
                "packs": report.packs,
                "dropped": report.dropped,
                "checked_bytes": report.checked_bytes,
            }
        )
        return
    for name in report.packs:
        click.echo(f"whole    {name}")
    for line in report.dropped:
        click.echo(f"dropped  {line}")
    if report.dropped:
        click.echo("Run `hub sync`: it fetches what was dropped.")
    else:
        click.echo(f"Nothing is damaged; {size_text(report.checked_bytes)} were read.")


def _stored_bytes(paths: HubPaths) -> int:
    """Return what a repair reads: every version's tree, and the store once more."""
    trees = (
        paths.packs / pack_id / str(v)
        for pack_id in list_pack_ids(paths)
        for v in list_versions(paths, pack_id)
    )
    files = (path for tree in trees for path in tree.rglob("*"))
    stored = open_store(paths.store).list_files()
    return sum(path.lstat().st_size for path in (*files, *stored))

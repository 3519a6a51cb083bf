"""The command `packs`: for authors and the office."""

from pathlib import Path
from typing import Any, NoReturn

import click

from content_packs import console
from content_packs.build import build_pack
from content_packs.built import BuiltPack, open_built, verify_built
from content_packs.check import check_source
from content_packs.console import count_text, progress, size_text
from content_packs.errors import Error
from content_packs.rachel.write import ImportReport, Wishes, import_module
from content_packs.source import open_source

_FOLDER = click.Path(path_type=Path, file_okay=False)
_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document (docs/reference/json.md)."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="classroom-hub")
def cli() -> None:
    """Make packs: check and build a folder of lessons, look into a built pack, verify it."""


@cli.command()
@click.argument("source", metavar="SRC", type=_FOLDER)
@click.option(
    "-o", "out", metavar="BUILT", type=_FOLDER, help="Folder to write [default: <id>-<version>.pack]."
)
@_json_option
def build(source: Path, out: Path | None, as_json: bool) -> None:
    """Make a built pack from the pack source SRC. What `packs check` faults is refused."""
    before = _name_built(out)
    built = build_pack(source, out, progress=progress)
    if before not in ("", built.name):
        console.note(f"warning: {built.folder} held {before}, which is replaced")
    if as_json:
        console.print_json(_summary(built))
    else:
        click.echo(f"{built.folder}: {_line(built)}")


@cli.command()
@click.argument("source", metavar="SRC", type=_FOLDER)
@_json_option
def check(source: Path, as_json: bool) -> int:
    """Explain every fault of a pack source, with the file and line."""
    findings = check_source(open_source(source))
    errors = [finding for finding in findings if finding.severity == "error"]
    if as_json:
        console.print_json(
            {
                "format": 1,
                "ok": not errors,
                "findings": [
                    {
                        "severity": f.severity,
                        "code": f.code,
                        "path": f.path,
                        "line": f.line,
                        "message": f.message,
                        "hint": f.hint,
                    }
                    for f in findings
                ],
            }
        )
    else:
        for finding in findings:
            click.echo(f"{finding.severity}: {finding}")
        warnings = len(findings) - len(errors)
        found = f"{count_text(len(errors), 'error')}, {count_text(warnings, 'warning')}."
        click.echo(found if findings else "No fault was found.")
    return 65 if errors else 0


@cli.command()
@click.argument("built", metavar="BUILT", type=_FOLDER)
@click.option("--files", is_flag=True, help="List the files as well.")
@_json_option
def show(built: Path, files: bool, as_json: bool) -> None:
    """Say what is in a built pack."""
    opened = open_built(built)
    if as_json:
        console.print_json(_summary(opened) | ({"files": _files(opened)} if files else {}))
        return
    for name, value in opened.index.pack.to_dict().items():
        click.echo(f"{name:12} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    click.echo(f"{'holds':12} {_line(opened)}")
    if files:
        for entry in opened.index.files:
            click.echo(f"{entry.size:>12} {entry.sha256[:12]} {entry.path}")


@cli.command()
@click.argument("built", metavar="BUILT", type=_FOLDER)
@_json_option
def verify(built: Path, as_json: bool) -> None:
    """Read every byte of a built pack and compare it with its index."""
    opened = open_built(built)
    with progress("verifying", opened.index.download_bytes) as advance:
        verify_built(opened, advance=advance)
    if as_json:
        console.print_json(_summary(opened) | {"ok": True})
    else:
        click.echo(f"{built}: whole. {_line(opened)}")


@cli.command()
@click.argument("folder", metavar="FOLDER", type=_FOLDER)
@click.option("-o", "out", metavar="SRC", required=True, type=_FOLDER, help="Pack source to write.")
@_json_option
def channel(folder: Path, out: Path, as_json: bool) -> None:
    """Make a pack source of kind kolibri from a FOLDER of documents, videos, HTML5 zips and EPUBs."""
    from content_packs.channel import (
        make_channel,
    )  # pictures, books, a database: only this command needs them

    made = make_channel(folder, out)
    if as_json:
        console.print_json({"format": 1} | made.to_dict())
        return
    for line in made.left_out:
        console.note(str(line))
    click.echo(f"{out}: channel {made.title!r} with {made.resources} resources. Next: packs build {out}")


@cli.command("import-rachel")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("-o", "out", metavar="SRC", required=True, type=_FOLDER, help="Pack source to write.")
@click.option("--id", "pack_id", default="", help="Of the pack [default: the folder's name].")
@click.option("--language", default="", help="BCP 47 [default: what the folder's name begins with].")
@click.option("--licence", default="", help="SPDX [default: what the module's own text names].")
@click.option("--dry-run", is_flag=True, help="Say what would be made, and write nothing.")
@_json_option
def import_rachel(
    folder: Path, out: Path, pack_id: str, language: str, licence: str, dry_run: bool, as_json: bool
) -> int:
    """Make a pack source of kind web from the RACHEL module in the folder DIR. Its PHP never runs."""
    report = import_module(folder, out, Wishes(pack_id, language, licence), dry_run=dry_run)
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run} | report.to_dict())
        return 65 if report.faults else 0
    for title, lines in (
        ("changed", report.changed),
        ("will not work", report.will_not_work),
        ("error", report.faults),
    ):
        for line in lines:
            click.echo(f"{title}: {line}")
    files = f"{count_text(report.files, 'file')}, {size_text(report.size_bytes)}"
    click.echo(
        f"{report.pack_id} version {report.version}, {report.title!r}, {report.language}, {report.licence}"
    )
    click.echo(f"{files}. {_next_step(out, report, dry_run=dry_run)}")
    return 65 if report.faults else 0


def _next_step(out: Path, report: ImportReport, *, dry_run: bool) -> str:
    if dry_run:
        return "Nothing was written."
    return f"Next: mend the errors in {out}" if report.faults else f"Next: packs build {out}"


def _summary(built: BuiltPack) -> dict[str, Any]:
    index = built.index
    return {
        "format": 1,
        "pack": index.pack.to_dict(),
        "details": dict(index.details),
        "path": str(built.folder),
        "file_count": len(index.files),
        "extra_count": len(index.extras),
        "block_count": len(index.blocks),
        "object_count": len(index.objects),
        "download_bytes": index.download_bytes + len(built.index_bytes),
        "unpacked_bytes": index.unpacked_bytes,
    }


def _name_built(folder: Path | None) -> str:
    """Return which pack lies in a folder, as `<id>@<version>`; nothing where none does that can be read."""
    try:
        return open_built(folder).name if folder else ""
    except Error:
        return ""


def _files(built: BuiltPack) -> list[dict[str, Any]]:
    return [{"path": e.path, "size": e.size, "sha256": e.sha256} for e in built.index.files]


def _line(built: BuiltPack) -> str:
    index = built.index
    travels = index.download_bytes + len(built.index_bytes)
    files = count_text(len(index.files), "file")
    return f"{files}, {size_text(index.unpacked_bytes)}, travels as {size_text(travels)}"


def main() -> NoReturn:
    """Run the command line."""
    console.run(cli)

"""The kind "zim": one ZIM archive, served by kiwix-serve."""

from collections.abc import Iterator, Mapping
from typing import Any

from content_packs import names
from content_packs.errors import BadSourceError
from content_packs.kinds.kind import Described, Document, InstalledTree, Kind, Workshop
from content_packs.kinds.members import FLAG, PATH, check_members, number, text
from content_packs.source import Finding, PackSource, SourceFile
from content_packs.text.zim import MAX_METADATA, ask_facts, read_articles

SUFFIX = ".zim"
_DETAILS = {
    "zim": PATH,
    "title": text(MAX_METADATA),
    "language": text(MAX_METADATA),
    "articles": number(),
    "media": number(),
    "main": text(2000),
    "uuid": text(36),
    "fulltext": FLAG,
}
_AGAIN = "Download it again."


def _check_details(details: Mapping[str, Any]) -> Iterator[str]:
    return check_members(details, _DETAILS)


def _check(source: PackSource) -> Iterator[Finding]:
    archives = _archives(source)
    if len(archives) != 1:
        message = f"expected one {SUFFIX} file, got {len(archives)}"
        yield Finding(source.place("."), message, _count_hint(source))
        return
    yield from _check_archive(source.place(archives[0].path), archives[0])
    for file in source.files:
        if file not in archives:
            message = "is not the archive: learners will not see it"
            yield Finding(source.place(file.path), message, severity="warning", code="beside")


def _archives(source: PackSource) -> list[SourceFile]:
    return [file for file in source.files if file.path.lower().endswith(SUFFIX)]


def _count_hint(source: PackSource) -> str:
    if any(file.path.lower().endswith(".zimaa") for file in source.files):
        return "Join the parts first: cat name.zim?? > name.zim"
    return "Make one pack for each archive."


def _check_archive(place: str, file: SourceFile) -> Iterator[Finding]:
    facts = ask_facts(file.location)
    if facts.fault:
        yield Finding(place, f"is not a whole ZIM archive: {facts.fault}", _AGAIN)
        return
    if not facts.main:
        yield Finding(place, "has no main page to open", "Choose another archive.")
    for name in facts.missing:
        yield Finding(place, f"has no {name} in its metadata", severity="warning", code="zim-words")


def _describe(source: PackSource, _: Workshop) -> Described:
    file = _archives(source)[0]
    facts = ask_facts(file.location)
    if facts.fault:
        raise BadSourceError(f"{file.path}: is not a whole ZIM archive: {facts.fault}", hint=_AGAIN)
    kept = ("title", "language", "articles", "media", "main", "uuid", "fulltext")
    return Described({"zim": file.path} | {name: getattr(facts, name) for name in kept}, {})


def _documents(tree: InstalledTree) -> Iterator[Document]:
    """Yield the HTML articles.

    libzim may abort the process over a hostile archive: call this only in a process that is there to index.
    """
    name = tree.details.get("zim")
    if isinstance(name, str) and not names.check_path(name) and (tree.content_dir / name).is_file():
        for path, title, page in read_articles(tree.content_dir / name):
            yield Document(path, title, page.language or tree.pack.language, page.headings, page.text)


KIND = Kind("zim", _check_details, _check, _describe, _documents)

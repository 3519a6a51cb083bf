"""Everything that is wrong with a pack source, in words, each with its file and line."""

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from content_packs import meta, names
from content_packs.codes import doubt_language, doubt_licence
from content_packs.errors import BadSourceError
from content_packs.index import MAX_EQUAL_FILES, MAX_FILES
from content_packs.kinds import KINDS
from content_packs.source import PACK_TOML, Finding, PackSource, SourceFile

_SHOWN = 20  # findings in the message of a refused build
_TOML_LINE = re.compile(r"at line (\d+)")
_DOUBTS = {"language": doubt_language, "licence": doubt_licence}


def require_good(source: PackSource) -> list[Finding]:
    """Return the warnings of a source that a build accepts.

    Raises:
        BadSourceError: it has errors; the message lists them.
    """
    findings = check_source(source)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        lines = [
            f"{source.folder}: {len(errors)} {'fault' if len(errors) == 1 else 'faults'}",
            *map(str, errors[:_SHOWN]),
        ]
        if len(errors) > _SHOWN:
            lines.append(f"… and {len(errors) - _SHOWN} more")
        raise BadSourceError("\n  ".join(lines), hint=f"Mend them; `packs check {source.folder}` shows all.")
    return findings


def check_source(source: PackSource) -> list[Finding]:
    """Return what is wrong with a source: errors, which a build refuses, and warnings. Never raises."""
    if source.toml_fault:
        return [_toml_finding(source.toml_fault)]
    fields = [*_check_fields(source)]
    folder = [*_check_content_folder(source)]
    if folder:
        return [_printable(finding) for finding in (*fields, *folder)]
    tree = [*_check_tree(source)]
    kind = KINDS.get(str(source.values.get("kind")))
    inside = [*kind.check(source)] if kind and source.files else []
    inside = [finding if finding.code else replace(finding, code=kind.name) for finding in inside if kind]
    return [_printable(finding) for finding in (*fields, *tree, *inside)]


def _toml_finding(fault: meta.FieldFault) -> Finding:
    line = _TOML_LINE.search(fault.message)
    hint = fault.hint or 'Text stands in quotes: title = "Математика"'
    return Finding(PACK_TOML, fault.message, hint, int(line[1]) if line else 1, code="toml")


def _printable(finding: Finding) -> Finding:
    """Make a name that is not UTF-8 fit for a terminal."""
    path = finding.path.encode("utf-8", "backslashreplace").decode()
    message = finding.message.encode("utf-8", "backslashreplace").decode()
    hint = finding.hint.encode("utf-8", "backslashreplace").decode()
    return replace(finding, path=path, message=message, hint=hint)


def _check_fields(source: PackSource) -> Iterator[Finding]:
    faults = meta.check_fields(source.values, KINDS)
    for fault in faults:
        yield source.finding(fault.field, fault.message, fault.hint)
    wrong = {fault.field for fault in faults}
    for name, doubt_of in _DOUBTS.items():
        if name in source.values and name not in wrong and (doubt := doubt_of(source.values[name])):
            yield source.finding(name, *doubt, severity="warning", code="doubt")


def _check_content_folder(source: PackSource) -> Iterator[Finding]:
    """Yield why the folder named by `content` cannot be the content; then nothing in it is looked at."""
    name = source.values.get("content", ".")
    if not isinstance(name, str) or not name.strip():
        if isinstance(name, str):
            yield source.finding(
                "content", "content is empty", "Name a folder, or leave the field out.", code="content"
            )
        return
    windows = PureWindowsPath(name)
    if name.startswith("/") or windows.drive or windows.root:
        message = f"content: {name!r:.200} is an absolute path"
        yield source.finding("content", message, f"Name a folder beside {PACK_TOML}.", code="content")
    elif ".." in PurePosixPath(name).parts or "\\" in name:
        message = f"content: {name!r:.200} does not lie in the folder of {PACK_TOML}"
        hint = f"Name a folder beside {PACK_TOML}, with / and without '..'."
        yield source.finding("content", message, hint, code="content")
    else:
        yield from _check_content_on_disk(source, name)


def _check_content_on_disk(source: PackSource, name: str) -> Iterator[Finding]:
    place = source.folder
    for part in PurePosixPath(name).parts:
        place = place / part
        try:
            if place.is_symlink():
                hint = "Put the folder itself there: a pack holds no links."
                message = f"content: {name!r:.200} is a link"
                yield source.finding("content", message, hint, code="content")
                return
            if not place.is_dir():
                yield source.finding("content", *_no_folder(place, name), code="content")
                return
        except OSError as error:
            message = f"content: {name!r:.200} cannot be read: {error.strerror}"
            yield source.finding("content", message, code="content")
            return


def _no_folder(place: Path, name: str) -> tuple[str, str]:
    if place.exists():
        return f"content: {name!r:.200} is a file", "Name the folder that holds it."
    folders = [other.name for other in place.parent.iterdir() if other.is_dir()]
    close = difflib.get_close_matches(place.name, folders, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "Make the folder, or leave the field out."
    return f"content: there is no folder {name!r:.200}", hint


def _check_tree(source: PackSource) -> Iterator[Finding]:
    for finding in source.walk_findings:
        yield replace(finding, path=source.place(finding.path))
    if not source.files:
        hint = "Put the lesson's files there."
        yield Finding(source.place("."), "the content is empty", hint, code="no-content")
    if len(source.files) > MAX_FILES:
        message = f"expected at most {MAX_FILES} files, got {len(source.files)}"
        yield Finding(
            source.place("."), message, "Make a ZIM of small pages, or several packs.", code="too-many-files"
        )
    for file in source.files:
        for fault in names.check_path(file.path):
            yield Finding(source.place(file.path), fault, "Rename it.", code="file-name")
        if any(map(names.is_left_over, file.path.split("/"))):
            message = "was left by another program"
            yield Finding(
                source.place(file.path), message, "Take it out.", severity="warning", code="left-over"
            )
    yield from _check_twins(source)
    yield from _check_equal(source)


def _check_twins(source: PackSource) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for path in _files_and_folders(source.files):
        other = seen.setdefault(names.twin_key(path), path)
        if other != path:
            how = "case" if path.casefold() == other.casefold() else "the Unicode form of a letter"
            message = f"differs only in {how} from {other!r}"
            hint = "Some disks take them for one: rename one of them."
            yield Finding(source.place(path), message, hint, code="twins")


def _check_equal(source: PackSource) -> Iterator[Finding]:
    """Yield what is there too often; only files of a size that very many have are read."""
    sizes = Counter(file.size for file in source.files)
    often = [file for file in source.files if sizes[file.size] > MAX_EQUAL_FILES]
    first: dict[str, SourceFile] = {}
    count: Counter[str] = Counter()
    for file in often:
        with file.location.open("rb") as opened:
            sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
        first.setdefault(sha256, file)
        count[sha256] += 1
    for sha256, number in count.items():
        if number > MAX_EQUAL_FILES:
            message = f"expected at most {MAX_EQUAL_FILES} files with the same content, got {number}"
            hint = "Take some out, or make several packs."
            yield Finding(source.place(first[sha256].path), message, hint, code="too-many-equal")


def _files_and_folders(files: tuple[SourceFile, ...]) -> Iterator[str]:
    folders: set[str] = set()
    for file in files:
        folder = file.path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    yield from sorted(folders)
    yield from (file.path for file in files)

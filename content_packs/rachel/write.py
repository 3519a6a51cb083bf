"""Write a RACHEL module as a pack source of kind web, and say what changed on the way."""

import json
import posixpath
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from content_packs.broken_links import Tree
from content_packs.check import check_source
from content_packs.errors import BadSourceError, UsageError, local_error
from content_packs.folders import replacing_folder
from content_packs.rachel.fragment import IndexPage, make_index
from content_packs.rachel.mend import HTML, mend_links
from content_packs.rachel.module import (
    MAX_INDEX_BYTES,
    Module,
    language_of,
    licence_of,
    pack_id_of,
    read_module,
    version_of,
)
from content_packs.rachel.php import strip_php
from content_packs.source import PACK_TOML, Finding, SourceFile, open_source
from content_packs.text.html import MAX_HTML_BYTES
from content_packs.text.plain import decode

CONTENT = "content"
_MADE_HERE = "# Made by `packs import-rachel`: change the module, or copy this folder first.\n"
_LICENCE_FILES = ("license", "licence", "copying", "readme", "about", "index")
_TEXTS = (".txt", ".md", ".html", ".htm", "")
_READ_FOR_LICENCE = 20
_START_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was made of a module; the last three are sentences."""

    pack_id: str
    version: int
    title: str
    language: str
    licence: str
    entry: str
    files: int
    size_bytes: int
    changed: tuple[str, ...]
    will_not_work: tuple[str, ...]
    faults: tuple[str, ...]  # that `packs check` still finds: errors, which a build refuses

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of `packs import-rachel --json`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items()}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person says instead of the module; empty where they leave it to it."""

    pack_id: str = ""
    language: str = ""
    licence: str = ""


def import_module(folder: Path, out: Path, wishes: Wishes, *, dry_run: bool = False) -> ImportReport:
    """Make the pack source `out` of the module in `folder`; with `dry_run` only say what it would be.

    An earlier result at `out` is replaced, as a whole and only after the new one is complete.

    Raises:
        BadSourceError: no RACHEL module, or it does not say its language or licence and the wishes neither.
        UsageError: there is no such folder, or `out` holds something else.
        LocalError: the disk refuses.
    """
    _check_out(folder, out)
    try:
        module = read_module(folder)
        with ExitStack() as stack:
            if dry_run:
                made = Path(stack.enter_context(TemporaryDirectory(prefix="packs-")))
            else:
                made = stack.enter_context(replacing_folder(out.resolve()))
            return _Importer(module, wishes, made).run()
    except OSError as error:
        raise local_error(error, f"importing {folder}") from error


def _check_out(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()) or folder.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"{out}: one of the two folders lies in the other", hint="Give a place outside.")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    pack_toml = out / PACK_TOML
    if not (pack_toml.is_file() and pack_toml.read_bytes().startswith(_MADE_HERE.encode())):
        hint = "Give a new place, or the result of an earlier `packs import-rachel`."
        raise UsageError(f"{out} is already there and was not made by `packs import-rachel`", hint=hint)


class _Importer:
    """Imports one module into the folder `made`."""

    def __init__(self, module: Module, wishes: Wishes, made: Path) -> None:
        self._module = module
        self._wishes = wishes
        self._made = made
        self._changed: list[str] = []
        self._lost: list[str] = []
        self._included: set[str] = set()
        self._size_bytes = 0

    def run(self) -> ImportReport:
        module = self._module
        index = self._read_index()
        left_out = (finding for finding in module.left_out if finding.path not in self._included)
        self._lost += map(_sentence, left_out)
        entry = self._entry(index)
        values = self._values(index, entry)
        tree = Tree([*(file.path for file in module.files), entry])
        for file in module.files:
            if file.path != entry or index is None:
                self._copy(file, tree)
        if index is not None:
            page = index.to_html(values["title"], values["language"])
            place = self._made / CONTENT / entry
            place.write_bytes(page)
            self._size_bytes += len(page)
        (self._made / PACK_TOML).write_text(_pack_toml(values), encoding="utf-8")
        findings = check_source(open_source(self._made))
        return ImportReport(
            pack_id=values["id"],
            version=values["version"],
            title=values["title"],
            language=values["language"],
            licence=values["licence"],
            entry=entry,
            files=len({*(file.path for file in module.files), entry}),
            size_bytes=self._size_bytes,
            changed=tuple(dict.fromkeys(self._changed)),
            will_not_work=tuple(dict.fromkeys(self._lost)),
            faults=tuple(str(finding) for finding in findings if finding.severity == "error"),
        )

    def _read_index(self) -> IndexPage | None:
        """Return the page made of the fragment; None where the module's index is a whole page already."""
        module = self._module
        if module.index_path.lower() in ("index.html", "index.htm"):
            return None
        plain = strip_php(module.index_text, self._read_include)
        self._changed += [f"{module.index_path}: {note}" for note in plain.notes]
        index = make_index(plain.text, module.name, [file.path for file in module.files])
        self._changed += [f"{module.index_path}: {note}" for note in index.changed]
        self._lost += [f"{module.index_path}: {note}" for note in index.broken]
        return index

    def _read_include(self, name: str) -> str | None:
        path = posixpath.normpath(name.replace("\\", "/"))
        place = self._module.folder / path
        root = self._module.folder.resolve()
        if path.startswith(("/", "..")) or not place.resolve().is_relative_to(root) or not place.is_file():
            return None
        self._included.add(path)
        return decode(place.read_bytes()) if place.stat().st_size <= MAX_INDEX_BYTES else None

    def _entry(self, index: IndexPage | None) -> str:
        if index is None:
            return self._module.index_path
        taken = {file.path.casefold() for file in self._module.files}
        return next(name for name in _entry_names() if name not in taken)

    def _values(self, index: IndexPage | None, entry: str) -> dict[str, Any]:
        module, wishes = self._module, self._wishes
        version, written = version_of(module.index_text)
        if not written:
            self._changed.append("the module states no version: the pack is version 1")
        language = wishes.language or language_of(module.name)
        if not language:
            hint = "Say it: --language uk"
            raise BadSourceError(
                f"{module.folder}: its name begins with no language, as en-… would", hint=hint
            )
        licence = wishes.licence or licence_of(self._texts())
        if not licence:
            hint = "Ask its publisher, and say it: --licence CC-BY-4.0"
            raise BadSourceError(f"{module.folder}: it states no licence that we know", hint=hint)
        values = {
            "id": wishes.pack_id or pack_id_of(module.name),
            "version": version,
            "kind": "web",
            "title": (index.title if index else self._title_of(entry)) or module.name,
            "language": language,
            "licence": licence,
            "entry": entry,
            "description": index.description if index else "",
            "content": CONTENT,
        }
        return {name: value for name, value in values.items() if value != ""}

    def _title_of(self, entry: str) -> str:
        page = make_index(self._module.index_text, self._module.name, [entry])
        return page.title

    def _texts(self) -> Iterator[str]:
        yield self._module.index_text
        files = [
            file
            for file in self._module.files
            if posixpath.splitext(file.path.rpartition("/")[2].lower())[0] in _LICENCE_FILES
            and posixpath.splitext(file.path)[1].lower() in _TEXTS
        ]
        for file in sorted(files, key=lambda file: file.path.count("/"))[:_READ_FOR_LICENCE]:
            with file.location.open("rb") as opened:
                yield decode(opened.read(_START_BYTES))

    def _copy(self, file: SourceFile, tree: Tree) -> None:
        place = self._made / CONTENT / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not file.path.lower().endswith((*HTML, ".css")) or file.size > MAX_HTML_BYTES:
            shutil.copyfile(file.location, place, follow_symlinks=False)
            self._size_bytes += file.size
            return
        mended = mend_links(file.path, file.location.read_bytes(), self._module.name, tree)
        place.write_bytes(mended.data)
        self._size_bytes += len(mended.data)
        if mended.relative:
            self._changed.append(f"{file.path}: {_links(mended.relative)} to files of the pack")
        for target in mended.taken_out:
            self._lost.append(f"{file.path}: {target[:200]!r} leads to nothing in the module")


def _entry_names() -> Iterator[str]:
    yield "index.html"
    yield "module-index.html"
    for number in range(2, 1000):
        yield f"module-index-{number}.html"


def _links(number: int) -> str:
    return "1 link now leads" if number == 1 else f"{number} links now lead"


def _sentence(finding: Finding) -> str:
    return str(finding).encode("utf-8", "backslashreplace").decode()


def _pack_toml(values: dict[str, Any]) -> str:
    # A JSON string is a TOML string but for DEL, which TOML wants escaped.
    lines = [
        f"{k} = {json.dumps(v, ensure_ascii=False)}".replace("\x7f", "\\u007f") for k, v in values.items()
    ]
    return _MADE_HERE + "\n".join(lines) + "\n"

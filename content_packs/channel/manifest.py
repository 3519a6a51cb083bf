"""channel.toml: what an author says about a folder of lessons. All of it is optional.

id = "maths-grade4"            # of the pack; default: the folder's name
version = 2                    # default 1
title = "Математика, 4 клас"   # default: the folder's name
language = "uk"
licence = "CC-BY-4.0"          # SPDX; without it all rights count as reserved
# optional: description, subject, grades, author, publisher, tags

[files."1 Дроби/2 Частини.mp4"]   # a lesson or a sub-folder, by its path in the folder
title = "Частини цілого"          # also: description, author, licence, language, tags
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content_packs.channel.licences import ALL_RIGHTS_RESERVED
from content_packs.depot import is_pack_id
from content_packs.meta import KNOWN_FIELDS, PackMeta, check_fields, find_line, parse_toml
from content_packs.source import Finding

CHANNEL_TOML = "channel.toml"
KIND = "kolibri"
DEFAULT_LANGUAGE = "uk"
MAX_TITLE = 200  # characters; the columns of content schema 5
MAX_TAG = 30
_PERSON_FIELDS = ("author", "publisher")
_CHANNEL_FIELDS = tuple(f for f in KNOWN_FIELDS if f not in ("kind", "entry", "content"))
_FILE_FIELDS = ("title", "description", "author", "licence", "language", "tags")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What channel.toml says, with every default filled in, and what is wrong with it."""

    pack: PackMeta
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def about(self, path: str) -> Mapping[str, Any]:
        """Return the fields given for one lesson or sub-folder."""
        return self.files.get(path, {})


def read_manifest(folder: Path) -> Manifest:
    """Read channel.toml of `folder`, or what follows from the folder's name where there is none."""
    path = folder / CHANNEL_TOML
    try:
        text = path.read_bytes().decode("utf-8-sig") if path.is_file() else ""
    except UnicodeDecodeError as error:
        return Manifest(
            _defaults(folder, {}), faults=(_fault(f"not UTF-8 at byte {error.start}", "Save as UTF-8."),)
        )
    values, toml_fault = parse_toml(text)
    if toml_fault:
        return Manifest(_defaults(folder, {}), faults=(_fault(toml_fault.message),))
    files = values.pop("files", {})
    pack = _defaults(folder, values)
    faults = [*_check_channel(text, values, pack), *_check_files(text, files)]
    warnings = [] if values.get("licence") else [_no_licence()]
    about = files if isinstance(files, dict) else {}
    about = {unicodedata.normalize("NFC", path): fields for path, fields in about.items()}
    return Manifest(pack, about, tuple(faults), tuple(warnings))


def _fault(message: str, hint: str = "", line: int = 0) -> Finding:
    return Finding(CHANNEL_TOML, message, hint, line)


def _no_licence() -> Finding:
    return _fault(
        "no licence is given: all rights count as reserved", 'Write for example: licence = "CC-BY-4.0"'
    )


def _defaults(folder: Path, values: Mapping[str, Any]) -> PackMeta:
    name = folder.absolute().name
    known = {key: value for key, value in values.items() if key in _CHANNEL_FIELDS}
    defaults = {
        "id": _id_from(name),
        "version": 1,
        "title": " ".join(name.replace("_", " ").split()),
        "language": DEFAULT_LANGUAGE,
        "licence": ALL_RIGHTS_RESERVED,
    }
    return PackMeta.from_dict(defaults | known | {"kind": KIND})


def _id_from(name: str) -> str:
    return re.sub(r"[\s_.-]+", "-", name.lower()).strip("-")


def _check_channel(text: str, values: Mapping[str, Any], pack: PackMeta) -> Iterator[Finding]:
    for name in values:
        if name not in _CHANNEL_FIELDS:
            yield _unknown(text, name, (*_CHANNEL_FIELDS, "files"))
    if "id" not in values and not is_pack_id(pack.id):
        yield _fault(
            f"the folder's name {pack.id!r} cannot be the pack's id", 'Write for example: id = "maths-grade4"'
        )
        pack = PackMeta.from_dict(pack.to_dict() | {"id": "placeholder"})
    for fault in check_fields(pack.to_dict(), (KIND,)):
        yield _fault(fault.message, fault.hint, find_line(text, fault.field))
    yield from _check_lengths(text, values, "")


def _check_files(text: str, files: object) -> Iterator[Finding]:
    if not isinstance(files, dict):
        yield _fault("files: expected tables", '[files."1 Intro.pdf"]', find_line(text, "files"))
        return
    for path, about in files.items():
        if not isinstance(about, dict):
            yield _fault(f"files: {path!r}: expected a table", f'[files."{path}"]')
            continue
        for name in about:
            if name not in _FILE_FIELDS:
                yield _unknown(text, name, _FILE_FIELDS, f"{path}: ")
        known = {k: v for k, v in about.items() if k in _FILE_FIELDS}
        for fault in check_fields(known, (KIND,)):
            if fault.field in known:
                yield _fault(f"{path}: {fault.message}", fault.hint)
        yield from _check_lengths(text, known, f"{path}: ")


def _unknown(text: str, name: str, known: tuple[str, ...], place: str = "") -> Finding:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else f"Known fields: {', '.join(known)}."
    return _fault(f"{place}unknown field {name!r}", hint, find_line(text, name))


def _check_lengths(text: str, values: Mapping[str, Any], place: str) -> Iterator[Finding]:
    for name in ("title", *_PERSON_FIELDS):
        value = values.get(name)
        if isinstance(value, str) and len(value) > MAX_TITLE:
            message = f"{place}{name}: Kolibri holds {MAX_TITLE} characters, got {len(value)}"
            yield _fault(message, "Shorten it.", find_line(text, name))
    tags = values.get("tags")
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, str) and len(tag) > MAX_TAG:
            message = f"{place}tags: Kolibri holds {MAX_TAG} characters, got {tag!r}"
            yield _fault(message, "Shorten it.", find_line(text, "tags"))

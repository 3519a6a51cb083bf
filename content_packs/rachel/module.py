"""A RACHEL module on disk: its index, and what it says of itself. Nothing of it runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs import names
from content_packs.codes import doubt_language
from content_packs.depot import MAX_PACK_ID_LENGTH, MAX_VERSION
from content_packs.errors import BadSourceError, UsageError
from content_packs.source import Finding, SourceFile, walk_tree
from content_packs.text.plain import decode

_INDEXES = (
    *("rachel-index.php", "rachel-index.htmlf", "index.htmlf", "rachel-index.html"),
    *("index.html", "index.htm"),
)
_FRAGMENT = ".htmlf"
MAX_INDEX_BYTES = 1024 * 1024
_VERSION = re.compile(r"""<!--\s*version\s*[=:]?\s*["']?([0-9][\w.\-]*)""", re.IGNORECASE)
_LANGUAGE = re.compile(r"^([a-z]{2,3})(?:[-_]([A-Z]{2}))?[-_]")
_PROGRAMS = (
    *(".php", ".php3", ".php5", ".phtml", ".phps", ".htmlf", ".inc"),
    *(".cgi", ".pl", ".py", ".asp", ".aspx", ".jsp"),
)
_SERVER_FILES = (".htaccess", ".htpasswd", "web.config")
_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-sa|-nd)?)/([1-4]\.[05])|publicdomain/zero/(1\.0))", re.I
)
_CC_WORDS = re.compile(r"\bCC[\s-](BY(?:-NC)?(?:-SA|-ND)?)[\s-]([1-4]\.[05])\b", re.I)


@dataclass(frozen=True, slots=True)
class Module:
    """The files of a module that a pack can hold, those that it cannot, and its index as it is written."""

    folder: Path
    index_path: str
    index_text: str
    files: tuple[SourceFile, ...]
    left_out: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """The folder's own name, by which RACHEL's pages link to it: `en-afristory`."""
        return self.folder.resolve().name


def read_module(folder: Path) -> Module:
    """Return what lies in the folder of a module.

    Raises:
        UsageError: there is no such folder.
        BadSourceError: it is no RACHEL module.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="Give the folder of one module.")
    found = list(walk_tree(folder))
    files = [item for item in found if isinstance(item, SourceFile)]
    index = _find_index(folder, files)
    if index.size > MAX_INDEX_BYTES:
        raise BadSourceError(f"{index.location}: expected at most {MAX_INDEX_BYTES} bytes, got {index.size}")
    kept: list[SourceFile] = []
    left_out = [item for item in found if isinstance(item, Finding)]
    taken: dict[str, str] = {}
    for file in files:
        reason = _why_not(file, taken)
        if reason:
            left_out += [reason] if file is not index else []
        else:
            taken[names.twin_key(file.path)] = file.path
            kept.append(file)
    text = decode(index.location.read_bytes())
    return Module(folder, index.path, text, tuple(kept), tuple(left_out))


def _find_index(folder: Path, files: list[SourceFile]) -> SourceFile:
    at_top = {file.path.lower(): file for file in files if "/" not in file.path}
    fragments = [file for name, file in sorted(at_top.items()) if name.endswith(_FRAGMENT)]
    for name in _INDEXES:
        if name in at_top:
            return at_top[name]
        if name == "index.htmlf" and len(fragments) == 1:
            return fragments[0]  # old modules name it after themselves
    ends = ("rachel-index.php", _FRAGMENT)
    inside = sorted(file.path for file in files if file.path.lower().endswith(ends))
    hint = f"It holds none of {', '.join(_INDEXES)}."
    if inside:
        hint = f"Did you mean {folder / inside[0].rpartition('/')[0]}?"
    raise BadSourceError(f"{folder}: is no RACHEL module", hint=hint)


def _why_not(file: SourceFile, taken: dict[str, str]) -> Finding | None:
    name = file.path.rpartition("/")[2].lower()
    if name.endswith(_PROGRAMS):
        return Finding(file.path, "is a program that a pack does not run", "What links to it opens nothing.")
    if name in _SERVER_FILES or any(map(names.is_left_over, file.path.split("/"))):
        return Finding(file.path, "is of no use to learners")
    if faults := names.check_path(file.path):
        return Finding(file.path, faults[0], "Rename it in the module, with the links to it.")
    if (twin := taken.get(names.twin_key(file.path))) is not None:
        return Finding(file.path, f"some disks take it for {twin!r}", "Rename one of them in the module.")
    return None


def version_of(text: str) -> tuple[int, str]:
    """Return the version as a pack's, and as it is written: 2016.04 is 201604; 1 where there is none."""
    found = _VERSION.search(text)
    numbers = re.findall(r"\d+", found[1])[:4] if found else []
    version = 0
    for number in numbers:
        version = version * 100 + min(int(number), 99) if version else int(number[:9])
    return (version if 1 <= version <= MAX_VERSION else 1), (found[1] if found else "")


def language_of(name: str) -> str:
    """Return the language that a module's name begins with, such as `es-`; empty where with none."""
    found = _LANGUAGE.match(name)
    if found is None or doubt_language(found[1]) is not None:
        return ""
    return f"{found[1]}-{found[2]}" if found[2] else found[1]


def pack_id_of(name: str) -> str:
    """Return a module's name as the id of a pack."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:MAX_PACK_ID_LENGTH].strip("-") or "module"


def licence_of(texts: Iterator[str]) -> str:
    """Return the first licence that one of these texts names, as SPDX; empty where none does."""
    for text in texts:
        if found := _CREATIVE_COMMONS.search(text):
            return f"CC-{found[1].upper()}-{found[2]}" if found[1] else "CC0-1.0"
        if found := _CC_WORDS.search(text):
            return f"CC-{found[1].upper()}-{found[2]}"
        if re.search(r"\bpublic domain\b", text, re.I):
            return "LicenseRef-public-domain"
    return ""

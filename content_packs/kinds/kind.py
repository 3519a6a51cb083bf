"""What a kind of pack must say: how it is checked, described and read for the search."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content_packs.meta import PackMeta
from content_packs.source import Finding, PackSource


@dataclass(frozen=True, slots=True)
class Described:
    """What a build finds out: `details` go into the index as JSON, `extras` become files beside the content.

    Extras are keyed by path, for example `text/book.pdf.txt`; hubs install them apart from the content.
    """

    details: Mapping[str, Any]
    extras: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Document:
    """One thing that the search can find. `path` is the file, or the article of a ZIM, that it opens."""

    path: str
    title: str
    language: str
    headings: str
    text: str


@dataclass(frozen=True, slots=True)
class InstalledTree:
    """An installed pack on a hub's disk, as far as a kind needs it."""

    pack: PackMeta
    details: Mapping[str, Any]
    content_dir: Path
    extras_dir: Path


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. Every function is pure but for reading the folder that it is given."""

    name: str
    check_details: Callable[[Mapping[str, Any]], Iterator[str]]  # yields what is wrong, in words
    check: Callable[[PackSource], Iterator[Finding]]
    describe: Callable[[PackSource], Described]
    documents: Callable[[InstalledTree], Iterator[Document]]

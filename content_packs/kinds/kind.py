"""What a kind of pack must say: how it is checked, described and read for the search."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content_packs.meta import PackMeta
from content_packs.source import Finding, PackSource

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]
"""Is told what is done, and how many bytes are read for it; gives a function that takes those read since."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """An empty folder for what a build makes, which is deleted after it, and how it says how far it is."""

    folder: Path
    progress: Progress


@dataclass(frozen=True, slots=True)
class Described:
    """What a build finds out: `details` go into the index as JSON, `extras` become files beside the content.

    Extras are keyed by path, for example `text/book.pdf.txt`, each with the file in the workshop that holds
    its bytes; hubs install them apart from the content.
    """

    details: Mapping[str, Any]
    extras: Mapping[str, Path]


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
    describe: Callable[[PackSource, Workshop], Described]
    documents: Callable[[InstalledTree], Iterator[Document]]
    for_learners: bool = True  # false: a hub uses it; no page, search or catalogue shows it

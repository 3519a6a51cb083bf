"""A channel as a typed tree, before it is written: topics, lessons, files and their stable ids.

Ids are derived, never drawn: the same folder gives the same channel, and a new version of a lesson at the
same path keeps its id, so a learner's progress with it stays.
"""

import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_NAMESPACE = uuid.UUID("5d0c5b0f-4d0e-5a9c-9a55-6b1f6c2b7a11")


def channel_id(pack_id: str) -> str:
    """Return the id, 32 hexadecimal digits, of the channel in the pack `pack_id`."""
    return uuid.uuid5(_NAMESPACE, f"channel:{pack_id}").hex


def derived_id(channel: str, role: str, name: str) -> str:
    """Return the id of one thing in a channel; `role` keeps nodes, contents and files apart."""
    return uuid.uuid5(uuid.UUID(channel), f"{role}:{unicodedata.normalize('NFC', name)}").hex


def tag_id(tag: str) -> str:
    """Return the id of a tag: the same in every channel, as Kolibri merges them."""
    return uuid.uuid5(_NAMESPACE, f"tag:{tag}").hex


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a node. `data`, where given, is stored instead of the bytes at `location`."""

    location: Path
    extension: str
    preset: str  # Kolibri's word for what the file is to its node
    supplementary: bool = False
    thumbnail: bool = False
    language: str = ""
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A topic (`kind` "topic", with children) or a lesson; `path` is relative to the folder, with `/`."""

    path: str
    kind: str
    title: str
    description: str = ""
    author: str = ""
    licence: str = ""  # SPDX
    language: str = ""
    tags: tuple[str, ...] = ()
    files: tuple[StoredFile, ...] = ()
    children: tuple["Node", ...] = ()

    def walk(self) -> Iterator["Node"]:
        """Yield this node and everything below it, parents first, in the order learners see."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Channel:
    """A whole channel; `root` is the topic that learners see as its front page."""

    id: str
    version: int
    title: str
    description: str
    author: str
    publisher: str
    thumbnail: str  # a data: URL, or empty
    root: Node

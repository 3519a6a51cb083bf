"""Write a channel as a pack source: pack.toml, content/databases and content/storage."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from content_packs.channel.database import file_md5, write_database
from content_packs.channel.folder import read_folder
from content_packs.channel.tree import Channel, StoredFile
from content_packs.errors import BadSourceError, UsageError, local_error
from content_packs.folders import replacing_folder
from content_packs.meta import PackMeta
from content_packs.source import PACK_TOML, Finding

CONTENT = "content"
_MADE_HERE = "# Made by `packs channel`: change the folder of lessons, not this one.\n"
_SHOWN_FAULTS = 20


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """What was made, and what was left out on the way."""

    channel_id: str
    pack_id: str
    version: int
    title: str
    topics: int
    resources: int
    size_bytes: int
    left_out: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of `packs channel --json`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return values | {"left_out": [str(finding) for finding in self.left_out]}


def make_channel(folder: Path, out: Path) -> ChannelSummary:
    """Make the pack source `out` from the folder of lessons `folder`; the same folder gives the same bytes.

    An earlier result at `out` is replaced, as a whole and only after the new one is complete.

    Raises:
        BadSourceError: the folder has faults; the message names each with its file.
        UsageError: there is no such folder, or `out` holds something else.
        LocalError: the disk refuses.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder", hint="Give the folder that holds the lessons.")
    _check_out(folder, out)
    try:
        content = read_folder(folder)
        channel = content.channel
        if content.faults or channel is None:
            raise BadSourceError(_describe(folder, content.faults), hint="Correct these and run it again.")
        with replacing_folder(out.resolve()) as made:
            size_bytes = _write_source(made, content.pack, channel)
    except OSError as error:
        raise local_error(error, f"making a channel of {folder}") from error
    kinds = [node.kind for node in channel.root.walk()]
    return ChannelSummary(
        channel_id=channel.id,
        pack_id=content.pack.id,
        version=content.pack.version,
        title=content.pack.title,
        topics=kinds.count("topic") - 1,
        resources=len(kinds) - kinds.count("topic"),
        size_bytes=size_bytes,
        left_out=content.warnings,
    )


def _check_out(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the folder of lessons", hint="Give a place outside it.")
    if folder.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"{out} holds the folder of lessons", hint="Give a place outside it.")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    pack_toml = out / PACK_TOML
    if not (pack_toml.is_file() and pack_toml.read_bytes().startswith(_MADE_HERE.encode())):
        hint = "Give a new place, or the result of an earlier `packs channel`."
        raise UsageError(f"{out} is already there and was not made by `packs channel`", hint=hint)


def _describe(folder: Path, faults: Sequence[Finding]) -> str:
    lines = [f"  {fault}" for fault in faults[:_SHOWN_FAULTS]]
    if len(faults) > _SHOWN_FAULTS:
        lines.append(f"  … and {len(faults) - _SHOWN_FAULTS} more")
    return "\n".join([f"{folder}: {len(faults)} fault{'s' if len(faults) > 1 else ''}", *lines])


def _write_source(made: Path, pack: PackMeta, channel: Channel) -> int:
    databases = made / CONTENT / "databases"
    databases.mkdir(parents=True)
    files = {file for node in channel.root.walk() for file in node.files}
    stored = {file: _store(made / CONTENT / "storage", file) for file in files}
    write_database(databases / f"{channel.id}.sqlite3", channel, stored)
    (made / PACK_TOML).write_text(_pack_toml(pack), encoding="utf-8")
    return sum(dict(stored.values()).values())


def _store(storage: Path, file: StoredFile) -> tuple[str, int]:
    if file.data is not None:
        md5, size_bytes = file_md5(file.data), len(file.data)
    else:
        with file.location.open("rb") as source:
            md5 = hashlib.file_digest(source, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        size_bytes = file.location.stat().st_size
    place = storage / md5[0] / md5[1] / f"{md5}.{file.extension}"
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.data is not None:
            place.write_bytes(file.data)
        else:
            shutil.copyfile(file.location, place)
    return md5, size_bytes


def _pack_toml(pack: PackMeta) -> str:
    values = pack.to_dict() | {"content": CONTENT}
    # A JSON string is a TOML string but for DEL, which TOML wants escaped.
    lines = [
        f"{k} = {json.dumps(v, ensure_ascii=False)}".replace("\x7f", "\\u007f") for k, v in values.items()
    ]
    return _MADE_HERE + "\n".join(lines) + "\n"

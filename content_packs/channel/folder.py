"""Read a folder of lessons into a channel: sub-folders are topics, files lessons, names give the order."""

import base64
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content_packs.channel import media
from content_packs.channel.manifest import CHANNEL_TOML, MAX_TITLE, Manifest, read_manifest
from content_packs.channel.media import LESSONS, PICTURES, SUBTITLES, extension
from content_packs.channel.subtitles import read_subtitles, split_language
from content_packs.channel.tree import Channel, Node, StoredFile, channel_id
from content_packs.items import natural_key, title_from
from content_packs.meta import PackMeta
from content_packs.names import is_left_over, is_text
from content_packs.source import Finding

THUMBNAIL = "thumbnail"  # the name of a topic's own picture
MAX_CHANNEL_THUMBNAIL_BYTES = 200_000  # it travels inside every listing of channels
_MAX_DESCRIPTION = 400  # characters; the column of content schema 5
_MAX_DEPTH = 32  # topics inside topics: no class finds its way through more


@dataclass(frozen=True, slots=True)
class FolderContent:
    """What a folder of lessons holds, faults and all; the channel is whole only where there are none."""

    pack: PackMeta
    channel: Channel | None  # None where channel.toml has faults: then no lesson was looked at
    faults: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def read_folder(folder: Path) -> FolderContent:
    """Read `folder` with its channel.toml; files of other types become warnings and are left out."""
    manifest = read_manifest(folder)
    if manifest.faults:
        return FolderContent(manifest.pack, None, manifest.faults, manifest.warnings)
    reader = _Reader(folder, manifest, [], list(manifest.warnings))
    pack = manifest.pack
    root = reader.read_topic(folder, "", pack.title)
    reader.check_all_used()
    channel = Channel(
        id=channel_id(pack.id),
        version=pack.version,
        title=pack.title,
        description=_shorten(pack.description),
        author=pack.author,
        publisher=pack.publisher,
        thumbnail=reader.channel_thumbnail(root),
        root=root,
    )
    if not any(node.kind != "topic" for node in root.walk()):
        hint = f"Lessons are files of the types {', '.join(sorted(LESSONS))}."
        reader.faults.append(Finding(".", "no lesson in this folder", hint))
    return FolderContent(pack, channel, tuple(reader.faults), tuple(reader.warnings))


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_DESCRIPTION else text[: _MAX_DESCRIPTION - 1].rstrip() + "…"


@dataclass
class _Reader:
    """Walks a folder and gathers what is wrong on the way."""

    folder: Path
    manifest: Manifest
    faults: list[Finding]
    warnings: list[Finding]
    described: set[str] = field(default_factory=set)  # paths that channel.toml was asked about
    used: set[Path] = field(default_factory=set)  # thumbnails and subtitles that belong to something

    def read_topic(self, folder: Path, path: str, title: str) -> Node:
        files, folders = self._entries(folder, path)
        lessons = [file for file in files if extension(file) in LESSONS]
        companions = [file for file in files if extension(file) in (*PICTURES, *SUBTITLES)]
        children = [(file.name, self._read_lesson(file, path, companions)) for file in lessons]
        thumbnail = self._thumbnail(THUMBNAIL, "topic_thumbnail", companions)
        for sub in folders:
            topic = self.read_topic(sub, path + sub.name + "/", title_from(sub.name, numbered=True))
            if topic.children:
                children.append((sub.name, topic))
            else:
                self.warnings.append(Finding(topic.path, "no lesson in this folder: left out"))
        for file in files:
            if file not in self.used and file not in lessons:
                self._warn_left_out(file)
        children.sort(key=lambda child: natural_key(child[0]))
        about = self._about(path.rstrip("/"))
        nodes = tuple(node for _, node in children)
        return self._node(path.rstrip("/"), "topic", title, about, thumbnail, nodes)

    def _entries(self, folder: Path, path: str) -> tuple[list[Path], list[Path]]:
        files: list[Path] = []
        folders: list[Path] = []
        forms: set[str] = set()
        for entry in sorted(folder.iterdir()):
            name = entry.name
            if name.startswith(".") or is_left_over(name):
                continue
            form = unicodedata.normalize("NFC", name)
            if not is_text(name):
                shown = (path + name).encode("utf-8", "backslashreplace").decode()
                self.faults.append(Finding(shown, "its name is not valid UTF-8", "Rename it."))
            elif form in forms:
                self.faults.append(Finding(path + name, "another file differs from it only in Unicode form"))
            elif entry.is_symlink():
                self.faults.append(Finding(path + name, "is a link", "Put the file itself here."))
            elif entry.is_dir() and path.count("/") >= _MAX_DEPTH:
                message = f"lies more than {_MAX_DEPTH} folders deep"
                self.faults.append(Finding(path + name, message, "Move it further up."))
            elif entry.is_dir():
                folders.append(entry)
            elif not entry.is_file():
                self.faults.append(Finding(path + name, "is neither a file nor a folder", "Remove it."))
            elif path or name != CHANNEL_TOML:
                files.append(entry)
            forms.add(form)
        return files, folders

    def _read_lesson(self, file: Path, folder: str, companions: list[Path]) -> Node:
        path = folder + file.name
        lesson = LESSONS[extension(file)]
        inspected = lesson.inspect(file)
        self.faults.extend(Finding(path, fault) for fault in inspected.faults)
        own = inspected.title if len(inspected.title) <= MAX_TITLE else ""
        title = own or title_from(file.stem, numbered=True)
        stored = (
            StoredFile(file, extension(file), lesson.preset),
            *(self._subtitles(file, companions) if lesson.kind == "video" else ()),
            *self._thumbnail(file.stem, lesson.thumbnail_preset, companions),
        )
        return self._node(path, lesson.kind, title, self._about(path), stored, ())

    def _node(
        self,
        path: str,
        kind: str,
        title: str,
        about: dict[str, Any],
        files: tuple[StoredFile, ...],
        children: tuple[Node, ...],
    ) -> Node:
        title = unicodedata.normalize("NFC", str(about.get("title", title)))
        if len(title) > MAX_TITLE:
            hint = f'Give a shorter one in {CHANNEL_TOML}: [files."{path}"] title = "…"'
            message = f"its title has {len(title)} characters, Kolibri holds {MAX_TITLE}"
            self.faults.append(Finding(path, message, hint))
        pack = self.manifest.pack
        return Node(
            path=unicodedata.normalize("NFC", path),
            kind=kind,
            title=title,
            description=str(about.get("description", pack.description if not path else "")),
            author=str(about.get("author", pack.author)),
            licence=str(about.get("licence", pack.licence)),
            language=str(about.get("language", pack.language)),
            tags=tuple(about.get("tags", pack.tags if kind != "topic" else ())),
            files=files,
            children=children,
        )

    def _subtitles(self, video: Path, companions: list[Path]) -> tuple[StoredFile, ...]:
        found: dict[str, StoredFile] = {}
        for file in companions:
            name, language = split_language(file.stem, self.manifest.pack.language)
            if extension(file) not in SUBTITLES or video.stem not in (name, file.stem):
                continue
            self.used.add(file)
            language = self.manifest.pack.language if file.stem == video.stem else language
            data, fault = read_subtitles(file)
            if fault:
                self.faults.append(Finding(self._path(file), fault))
            elif language in found:
                self.faults.append(Finding(self._path(file), f"a second file of subtitles in {language!r}"))
            else:
                found[language] = StoredFile(
                    file, "vtt", "video_subtitle", supplementary=True, language=language, data=data
                )
        return tuple(found.values())

    def _thumbnail(self, stem: str, preset: str, companions: list[Path]) -> tuple[StoredFile, ...]:
        for file in companions:
            if file.stem == stem and extension(file) in PICTURES:
                self.used.add(file)
                self.faults.extend(Finding(self._path(file), fault) for fault in media.check_picture(file))
                return (StoredFile(file, extension(file), preset, supplementary=True, thumbnail=True),)
        return ()

    def channel_thumbnail(self, root: Node) -> str:
        """Return the root's picture as the data: URL that Kolibri keeps for a channel."""
        for file in root.files:
            data = file.location.read_bytes()
            if len(data) <= MAX_CHANNEL_THUMBNAIL_BYTES:
                kind = "jpeg" if file.extension == "jpg" else file.extension
                return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
            message = f"expected at most {MAX_CHANNEL_THUMBNAIL_BYTES} bytes, got {len(data)}"
            self.faults.append(Finding(self._path(file.location), message, "400 by 225 pixels are enough"))
        return ""

    def _about(self, path: str) -> dict[str, Any]:
        path = unicodedata.normalize("NFC", path)
        self.described.add(path)
        about = self.manifest.about(path)
        return dict(about) if isinstance(about, dict) else {}

    def check_all_used(self) -> None:
        """Note the tables of channel.toml that describe nothing in the folder."""
        for path in self.manifest.files:
            if path not in self.described:
                message = f"files: there is no lesson or folder {path!r}"
                self.faults.append(Finding(CHANNEL_TOML, message, "Paths begin in this folder, with '/'"))

    def _warn_left_out(self, file: Path) -> None:
        kind = extension(file)
        if kind in PICTURES or kind in SUBTITLES:
            message = "no lesson of this name is beside it: left out"
        else:
            message = f"Kolibri has no player for {kind or 'files without a type'!r}: left out"
        hint = "Zip pages with their index.html." if kind in ("html", "htm") else ""
        self.warnings.append(Finding(self._path(file), message, hint))

    def _path(self, file: Path) -> str:
        return file.relative_to(self.folder).as_posix()

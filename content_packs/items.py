"""The listing of a files pack: what each file is, what it is called, in which order people expect it."""

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from content_packs import names

_SUFFIXES = {
    "audio": ".mp3 .m4a .aac .ogg .oga .opus .wav .flac",
    "document": ".doc .docx .odt .rtf .ppt .pptx .odp .xls .xlsx .ods .csv .fb2 .djvu",
    "epub": ".epub",
    "html": ".html .htm .xhtml",
    "image": ".jpg .jpeg .png .gif .webp .svg .avif .bmp",
    "markdown": ".md .markdown",
    "pdf": ".pdf",
    "text": ".txt",
    "video": ".mp4 .m4v .webm .mov .mkv .avi .wmv .mpg .mpeg .3gp .flv .ogv",
}
_TYPES = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_OTHER = "other"
ITEM_TYPES = frozenset((*_SUFFIXES, _OTHER))
SUBTITLES_SUFFIX = ".vtt"
_WITH_SUBTITLES = ("audio", "video")

_LANGUAGE_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_PLACE_IN_ORDER = re.compile(r"^(?:0\d{1,3}[\s_-]+|\d{1,4}(?:[.)]\s*|_|\s+-\s+))(?=\D)")
_BARE_PLACE = re.compile(r"^\d{1,4}(?:\.\d{1,4})*[\s_.)-]+(?=\D)")
_NUMBER = re.compile(r"(\d{1,18})")
# Unicode has і, ї, є and ґ after я.
_ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
_PLACES = {ord(letter): chr(ord("а") + place) for place, letter in enumerate(_ALPHABET)}


@dataclass(frozen=True, slots=True)
class Subtitles:
    """WebVTT subtitles of a recording; `language` is empty where the file name has none."""

    path: str
    language: str


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the shelf. `type` is one of audio, document, epub, html, image, markdown, other, pdf, …"""

    path: str
    title: str
    type: str
    size: int  # bytes
    pages: int = 0  # of a PDF
    language: str = ""  # where the file itself says it
    subtitles: tuple[Subtitles, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: docs/format/pack-v1.md §7."""
        values: dict[str, Any] = {
            "path": self.path,
            "title": self.title,
            "type": self.type,
            "size": self.size,
        }
        if self.pages:
            values["pages"] = self.pages
        if self.language:
            values["language"] = self.language
        if self.subtitles:
            values["subtitles"] = [{"path": s.path, "language": s.language} for s in self.subtitles]
        return values


def read_items(details: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the items in a pack's details; what is malformed, or leads out of the pack, is left out."""
    listed = details.get("items")
    for values in listed if isinstance(listed, list) else ():
        if isinstance(values, dict) and _is_path(values.get("path")):
            yield Item(
                path=values["path"],
                title=_text(values.get("title")) or clean_name(values["path"]),
                type=_text(values.get("type")) or _OTHER,
                size=_count(values.get("size")),
                pages=_count(values.get("pages")),
                language=_text(values.get("language")),
                subtitles=tuple(_read_subtitles(values.get("subtitles"))),
            )


def _read_subtitles(listed: object) -> Iterator[Subtitles]:
    for values in listed if isinstance(listed, list) else ():
        if isinstance(values, dict) and _is_path(values.get("path")):
            yield Subtitles(values["path"], _text(values.get("language")))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and not names.check_path(value)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def type_of(path: str) -> str:
    """Return what a file is, by its name."""
    return _TYPES.get(posixpath.splitext(path)[1].lower(), _OTHER)


def clean_name(path: str) -> str:
    """Return a file name as a title: `02_Дроби-і-частини.pdf` is "Дроби і частини", "5 клас" stays so."""
    return title_from(posixpath.splitext(posixpath.basename(path))[0])


def title_from(stem: str, *, numbered: bool = False) -> str:
    """Return a name without suffix as a title. Where all are `numbered`, "5 клас" is the fifth: "клас"."""
    place = _BARE_PLACE if numbered else _PLACE_IN_ORDER
    words = re.sub(r"[_\s]+", " ", place.sub("", stem)).strip()
    if " " not in words and words.count("-") > 1:
        words = words.replace("-", " ")
    return unicodedata.normalize("NFC", words or stem)


def natural_key(path: str) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Return a sort key: "Урок 2" before "Урок 10", "Ґава" before "Дім", folder by folder."""
    return tuple(tuple(_pieces(part)) for part in unicodedata.normalize("NFC", path).casefold().split("/"))


def _pieces(name: str) -> Iterator[tuple[int, int, str]]:
    for piece in _NUMBER.split(name):
        if _NUMBER.fullmatch(piece):
            yield (0, int(piece), "")
        elif piece:
            yield (1, 0, piece.translate(_PLACES))


def pair_subtitles(paths: Iterable[str]) -> dict[str, tuple[Subtitles, ...]]:
    """Return the subtitles of each recording: `a.vtt` and `a.uk.vtt` belong to `a.mp4`."""
    listed = sorted(paths)
    recordings = {posixpath.splitext(path)[0]: path for path in listed if type_of(path) in _WITH_SUBTITLES}
    pairs: dict[str, tuple[Subtitles, ...]] = {}
    for path in listed:
        stem, suffix = posixpath.splitext(path)
        if suffix.lower() != SUBTITLES_SUFFIX:
            continue
        shorter, _, language = stem.rpartition(".")
        if stem in recordings:
            shorter, language = stem, ""
        if shorter in recordings and (not language or _LANGUAGE_TAG.fullmatch(language)):
            pairs[recordings[shorter]] = (*pairs.get(recordings[shorter], ()), Subtitles(path, language))
    return pairs

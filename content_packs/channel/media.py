"""The kinds of files that a lesson can be: how each is recognised, checked and named.

A new kind of lesson is one entry in LESSONS. The words for kinds and presets are Kolibri's (le_utils): it
chooses a player by the preset of a lesson's first file that is not supplementary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from content_packs.channel import archive
from content_packs.text.epub import read_epub
from content_packs.text.epub_zip import EpubError
from content_packs.text.html import read_html
from content_packs.text.pdf import is_pdf, read_pdfs

_HEAD_BYTES = 1024
_READ, _WATCH, _LISTEN, _EXPLORE = "wA01urpi", "UD5UGM0z", "mkA1R3NU", "#j8L0eq3"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file says of itself: the title in it, often empty, and what is wrong with it."""

    title: str = ""
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LessonType:
    """One kind of lesson file."""

    kind: str
    preset: str
    thumbnail_preset: str
    activity: str  # Kolibri's label for what a learner does with it
    inspect: Callable[[Path], Inspected]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def _inspect_pdf(path: Path) -> Inspected:
    if not is_pdf(_head(path)):
        return Inspected(faults=("not a PDF: it does not begin with %PDF-",))
    (found,) = read_pdfs([path], with_text=False)
    faults = (f"not a PDF that can be read: {found.fault}",) if found.fault else ()
    return Inspected(found.title, faults)


def _inspect_mp4(path: Path) -> Inspected:
    is_mp4 = _head(path)[4:8] == b"ftyp"
    return Inspected(faults=() if is_mp4 else ("not an MP4 video: it does not begin with an ftyp box",))


def _inspect_mp3(path: Path) -> Inspected:
    head = _head(path)
    is_frame = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    if is_frame or head.startswith(b"ID3"):
        return Inspected()
    return Inspected(faults=("not an MP3: it begins neither with ID3 nor with an MPEG audio frame",))


def _inspect_html5(path: Path) -> Inspected:
    if faults := archive.check_html5(path):
        return Inspected(faults=tuple(faults))
    return Inspected(read_html(archive.read_member(path, archive.INDEX_PAGE)).title)


def _inspect_epub(path: Path) -> Inspected:
    if faults := archive.check_zip(path):
        return Inspected(faults=tuple(faults))
    try:
        return Inspected(read_epub(path).title)
    except EpubError as error:
        return Inspected(faults=(error.message,))


LESSONS: dict[str, LessonType] = {
    "pdf": LessonType("document", "document", "document_thumbnail", _READ, _inspect_pdf),
    "epub": LessonType("document", "epub", "document_thumbnail", _READ, _inspect_epub),
    "mp4": LessonType("video", "high_res_video", "video_thumbnail", _WATCH, _inspect_mp4),
    "mp3": LessonType("audio", "audio", "audio_thumbnail", _LISTEN, _inspect_mp3),
    "zip": LessonType("html5", "html5_zip", "html5_thumbnail", _EXPLORE, _inspect_html5),
}
ACTIVITIES = {lesson.kind: lesson.activity for lesson in LESSONS.values()}
PICTURES = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "jpeg": b"\xff\xd8\xff"}
SUBTITLES = ("vtt", "srt")


def check_picture(path: Path) -> list[str]:
    """Return what is wrong with a thumbnail."""
    kind = extension(path)
    is_picture = _head(path).startswith(PICTURES[kind])
    return [] if is_picture else [f"not a {kind.upper()} picture: its first bytes say otherwise"]


def extension(path: Path) -> str:
    """Return the lower-case extension without its dot."""
    return path.suffix[1:].lower()

"""Reads PDFs with pypdf: the program that `content_packs.text.pdf` asks."""

import re
import struct
import zlib
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from content_packs.child import serve
from content_packs.text.plain import collapse

_PAGE_BREAK = "\f"
_MAX_PAGES = 5000
_MAX_PAGE_CHARACTERS = 50_000
_FILE_NAME_AS_TITLE = re.compile(r"\.(docx?|odt|rtf|pdf|indd|qxd|pptx?|xlsx?|html?|tex|cdr|pmd)\s*$", re.I)
_MADE_BY = re.compile(r"^(Microsoft (Word|PowerPoint)|Презентація|Presentation) - ", re.I)
_NO_TITLES = frozenset(("", "untitled", "about:blank", "без назви", "print", "document1", "документ1"))
_UNREADABLE = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)  # all that pypdf was seen to raise over broken files


def _answer(question: dict[str, Any]) -> dict[str, Any]:
    try:
        return _read(Path(question["path"]), with_text=question["text"])
    except _UNREADABLE as error:
        return {"fault": f"{type(error).__name__}: {error}"[:300]}


def _read(path: Path, *, with_text: bool) -> dict[str, Any]:
    with path.open("rb") as file:
        reader = PdfReader(file)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"fault": "it opens only with a password", "locked": True}
        pages = len(reader.pages)
        shown = range(min(pages, _MAX_PAGES)) if with_text else ()
        text = _PAGE_BREAK.join(_page_text(reader, number) for number in shown)
        return {"title": _title(reader), "pages": pages, "text": text}


def _page_text(reader: PdfReader, number: int) -> str:
    try:
        text: str = reader.pages[number].extract_text()[:_MAX_PAGE_CHARACTERS]
    except _UNREADABLE:
        return ""  # one lost page does not lose the book
    return text.replace(_PAGE_BREAK, "\n").encode("utf-8", "replace").decode()


def _title(reader: PdfReader) -> str:
    try:
        title = collapse(str(reader.metadata.title or "")) if reader.metadata else ""
    except _UNREADABLE:
        return ""
    title = _MADE_BY.sub("", title)
    useless = title.casefold() in _NO_TITLES or _FILE_NAME_AS_TITLE.search(title)
    return "" if useless else title[:300].encode("utf-8", "replace").decode()


if __name__ == "__main__":
    serve(_answer)

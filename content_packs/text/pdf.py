"""PDF to title, pages and text, read in a process of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs.child import ChildFault, ask_child

_READER = "content_packs.text.pdf_reader"  # a program: pypdf takes 20 MB that a hub has no need of
_TIMEOUT_S = 600.0  # one book of scanned and drawn pages; most take a second
_HEADER_WITHIN = 1024  # bytes; readers accept rubbish before the header


@dataclass(frozen=True, slots=True)
class PdfText:
    """What a PDF says; `text` has a form feed between pages. With a `fault` the rest is empty."""

    title: str = ""
    pages: int = 0
    text: str = ""
    fault: str = ""
    locked: bool = False  # opens only with a password
    timed_out: bool = False


def read_pdfs(paths: Iterable[Path], *, with_text: bool) -> Iterator[PdfText]:
    """Yield what each PDF says, in order; broken, hostile and endless ones have a `fault`."""
    questions = ({"path": str(path), "text": with_text} for path in paths)
    for answer in ask_child(_READER, questions, timeout_s=_TIMEOUT_S):
        if isinstance(answer, ChildFault):
            yield PdfText(fault=answer.reason, timed_out=answer.timed_out)
        else:
            yield PdfText(**answer)


def is_pdf(start: bytes) -> bool:
    """Tell whether a file that starts with these bytes calls itself a PDF."""
    return b"%PDF-" in start[:_HEADER_WITHIN]

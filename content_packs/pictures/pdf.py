"""PDF to pictures of its pages, drawn in a process of its own."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content_packs.child import ChildFault, ask_child

MAX_PAGES = 1000  # of one PDF that become pictures
_PAINTER = "content_packs.pictures.pdf_painter"  # a program: pdfium is C++ and may crash or take all memory
_TIMEOUT_S = 300.0  # for one page, say a map of a million lines; most take a tenth of a second
_BOOK_TIMEOUT_S = 3600.0
_MAX_CRASHES = 10  # of one PDF; each costs a new process


@dataclass(slots=True)
class DrawnPdf:
    """The pictures of a PDF by page, from 1; a page that cannot be drawn has none. `pages` counts all."""

    pages: int = 0
    pictures: dict[int, Path] = field(default_factory=dict)
    fault: str = ""
    timed_out: bool = False


def draw_pdf(
    pdf: Path, folder: Path, *, advance: Callable[[int, int], None] = lambda _, __: None
) -> DrawnPdf:
    """Draw the first pages of a PDF, at most MAX_PAGES, into WebP files in `folder`.

    `advance` is told after each page how many are done, of how many. What is broken, locked or hostile
    leaves pages out, all of them where nothing can be read; after a time-out, no more are drawn.
    """
    drawn = DrawnPdf()
    first = next(_ask([{"path": str(pdf)}]))
    if first.fault:
        drawn.fault, drawn.timed_out = first.fault, first.timed_out
        return drawn
    drawn.pages = first.pages
    wanted = min(drawn.pages, MAX_PAGES)
    places = [folder / f"{number}.webp" for number in range(1, wanted + 1)]
    questions = [{"path": str(pdf), "page": number, "to": str(to)} for number, to in enumerate(places)]
    began, crashes = time.monotonic(), 0
    for number, (place, answer) in enumerate(zip(places, _ask(questions), strict=False), start=1):
        crashes += answer.crashed
        if answer.timed_out or time.monotonic() - began > _BOOK_TIMEOUT_S:
            drawn.fault, drawn.timed_out = f"page {number} {answer.fault or 'came too late'}", True
            break
        if crashes > _MAX_CRASHES:
            drawn.fault = f"page {number}: {answer.fault}"
            break
        if not answer.fault:
            drawn.pictures[number] = place
        advance(number, wanted)
    return drawn


@dataclass(frozen=True, slots=True)
class _Answer:
    pages: int = 0
    fault: str = ""
    crashed: bool = False
    timed_out: bool = False


def _ask(questions: list[dict[str, Any]]) -> Iterator[_Answer]:
    for answer in ask_child(_PAINTER, questions, timeout_s=_TIMEOUT_S):
        if isinstance(answer, ChildFault):
            yield _Answer(fault=answer.reason, crashed=not answer.timed_out, timed_out=answer.timed_out)
        else:
            yield _Answer(**answer)

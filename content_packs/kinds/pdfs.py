"""PDFs of a files pack: what is wrong with them, and their extras, the text and a picture of each page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from content_packs import names
from content_packs.errors import BadSourceError
from content_packs.index import MAX_FILES
from content_packs.items import type_of
from content_packs.kinds.kind import Workshop
from content_packs.pictures.pdf import MAX_PAGES, DrawnPdf, draw_pdf
from content_packs.source import Finding, PackSource, SourceFile
from content_packs.text.pdf import PdfText, is_pdf, read_pdfs

_START_BYTES = 4096


def text_extra(path: str) -> str:
    """Return where the text of a PDF lies among the extras; a form feed parts its pages."""
    return f"text/{path}.txt"


def page_extra(path: str, number: int) -> str:
    """Return where the picture of a page, from 1, lies among the extras."""
    return f"pages/{path}/{number:04d}.webp"


@dataclass(frozen=True, slots=True)
class PdfFacts:
    """What a listing says of a PDF."""

    title: str = ""
    pages: int = 0


def check_pdfs(source: PackSource) -> Iterator[Finding]:
    """Yield what is wrong with the PDFs of a source."""
    files = _list_pdfs(source)
    extras = 0
    for file, pdf in zip(files, read_pdfs([f.location for f in files], with_text=False), strict=True):
        place = source.place(file.path)
        extras += 1 + min(pdf.pages, MAX_PAGES)
        if not is_pdf(_start(file.location)):
            hint = "Give the file its right name, or export the PDF again."
            yield Finding(place, "is not a PDF", hint, code="not-pdf")
        elif pdf.locked:
            yield Finding(
                place, "opens only with a password", "Save it without a password.", code="pdf-locked"
            )
        elif pdf.fault:
            hint = "Export the PDF again; as it is, the search finds it by its title only."
            yield Finding(
                place, f"its text cannot be read: {pdf.fault}", hint, severity="warning", code="pdf-text"
            )
        if pdf.pages > MAX_PAGES:
            message = f"has {pdf.pages} pages, of which the first {MAX_PAGES} become pictures"
            hint = "Split it into parts, or learners have to download it for the rest."
            yield Finding(place, message, hint, severity="warning", code="long-pdf")
        for fault in names.check_path(text_extra(file.path)):
            message = f"{fault}, counting the '.txt' of its text"
            yield Finding(place, message, "Shorten the name.", code="file-name")
        if not names.check_path(text_extra(file.path)):
            for fault in names.check_path(page_extra(file.path, 1)):
                message = f"{fault}, counting the names of its pages"
                yield Finding(place, message, "Shorten the name.", code="file-name")
    if extras and len(source.files) + extras > MAX_FILES:
        message = f"expected at most {MAX_FILES} files and pages of PDFs, got {len(source.files) + extras}"
        yield Finding(source.place("."), message, "Make several packs.", code="too-many-files")


def make_pdf_extras(source: PackSource, workshop: Workshop) -> tuple[dict[str, PdfFacts], dict[str, Path]]:
    """Return what each PDF says of itself, and its extras.

    Raises:
        BadSourceError: a PDF takes too long, and two builds must be identical.
    """
    files = _list_pdfs(source)
    facts: dict[str, PdfFacts] = {}
    extras: dict[str, Path] = {}
    texts = read_pdfs([file.location for file in files], with_text=True)
    with workshop.progress("drawing pages", sum(file.size for file in files)) as advance:
        for number, (file, text) in enumerate(zip(files, texts, strict=True)):
            _require_in_time(file, text)
            if text.text.strip():
                place = workshop.folder / f"{number}.txt"
                place.write_text(text.text, encoding="utf-8", newline="")
                extras[text_extra(file.path)] = place
            drawn = _draw(file, workshop.folder / f"{number}.pages", advance)
            extras |= {page_extra(file.path, page): place for page, place in drawn.pictures.items()}
            facts[file.path] = PdfFacts(text.title, text.pages or drawn.pages)
    return facts, extras


def _draw(file: SourceFile, folder: Path, advance: Callable[[int], None]) -> DrawnPdf:
    told_bytes = 0

    def tell(done: int, pages: int) -> None:
        nonlocal told_bytes
        done_bytes = file.size * done // pages
        advance(done_bytes - told_bytes)
        told_bytes = done_bytes

    folder.mkdir()
    drawn = draw_pdf(file.location, folder, advance=tell)
    _require_in_time(file, drawn)
    advance(file.size - told_bytes)
    return drawn


def _require_in_time(file: SourceFile, found: PdfText | DrawnPdf) -> None:
    if found.timed_out:
        what = "text" if isinstance(found, PdfText) else "pages"
        hint = "Export the PDF again, or take it out."
        raise BadSourceError(f"{file.path}: its {what} cannot be read: {found.fault}", hint=hint)


def _list_pdfs(source: PackSource) -> list[SourceFile]:
    return [file for file in source.files if type_of(file.path) == "pdf" and file.size]


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_START_BYTES)

"""Draws pages of PDFs with pdfium: the program that `content_packs.pictures.pdf` asks."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
from PIL import Image, ImageChops

from content_packs.child import serve

WIDTH = 1000  # pixels: sharp on a phone held upright, readable from the last row on a projector
MAX_HEIGHT = 4000  # pixels; a page that is longer becomes narrower
_QUALITY = 60  # of a page with photographs
_COLOURS = 32  # of a page without: black, its shades towards white, a few more
_SEEN = 24  # of 255: what differs by less looks the same
_MOST_SEEN = 0.002  # share of the pixels of a page that may look different
_METHOD = 4  # of WebP: 6 takes twice as long for 2 %
_UNREADABLE = (pdfium.PdfiumError, ArithmeticError, MemoryError, OSError, TypeError, ValueError)


class _Painter:
    """Keeps the last PDF open: a book is asked for page by page."""

    def __init__(self) -> None:
        self._path = ""
        self._pdf: pdfium.PdfDocument | None = None

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Count the pages, or draw the one that is asked for into a file."""
        try:
            pdf = self._open(question["path"])
            if "page" not in question:
                return {"pages": len(pdf)}
            Path(question["to"]).write_bytes(_draw(pdf, question["page"]))
        except _UNREADABLE as error:
            return {"fault": f"{type(error).__name__}: {error}"[:300]}
        return {}

    def _open(self, path: str) -> pdfium.PdfDocument:
        if self._pdf is None or self._path != path:
            pdf = pdfium.PdfDocument(path)
            pdf.init_forms()  # else what is written into a form is not drawn
            self._path, self._pdf = path, pdf
        return self._pdf


def _draw(pdf: pdfium.PdfDocument, number: int) -> bytes:
    page = pdf[number]
    try:
        width, height = page.get_size()
        if width <= 0 or height <= 0:
            raise ValueError(f"the page is {width} by {height}")
        bitmap = page.render(scale=min(WIDTH / width, MAX_HEIGHT / height))
        return _pack(bitmap.to_pil().convert("RGB"))
    finally:
        page.close()


def _pack(picture: Image.Image) -> bytes:
    """Return a WebP: without loss and in few colours where that looks the same, which text does."""
    drawn = picture.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    plain = drawn.convert("RGB")
    seen = ImageChops.difference(picture, plain).convert("L").histogram()[_SEEN:]
    lossy = _webp(picture, quality=_QUALITY)
    if sum(seen) > _MOST_SEEN * picture.width * picture.height:
        return lossy
    return min(_webp(plain, quality=80, lossless=True), lossy, key=len)


def _webp(picture: Image.Image, *, quality: int, lossless: bool = False) -> bytes:
    out = BytesIO()
    picture.save(out, "WEBP", quality=quality, lossless=lossless, method=_METHOD)
    return out.getvalue()


if __name__ == "__main__":
    serve(_Painter().answer)

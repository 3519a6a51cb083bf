"""Books to be read on screen: an EPUB with all that a reader meets, a PDF of many pages."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from pypdf import PdfWriter

from support.lessons import pdf, png

_PAGE = (
    "<html xmlns='http://www.w3.org/1999/xhtml' xmlns:epub='http://www.idpf.org/2007/ops'>"
    "<head><title>{0}</title><link rel='stylesheet' href='style.css'/></head><body>{1}</body></html>"
)
_CONTENTS = (
    "<h1>Зміст</h1><nav epub:type='landmarks'><ol><li><a href='two.xhtml'>Ні</a></li></ol></nav>"
    "<nav epub:type='toc'><ol><li><a href='one.xhtml'>Рукавичка</a>"
    "<ol><li><a href='one.xhtml#forest'>У <b>лісі</b></a></li></ol></li>"
    "<li><a href='two.xhtml'>Ріпка &amp; дід</a></li>"
    "<li><a href='gone.xhtml'>Нема</a></li><li><a href='../../x.xhtml'>Назовні</a></li></ol></nav>"
)
_NCX = """<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>
<navPoint><navLabel><text>Рукавичка</text></navLabel><content src="one.xhtml"/>
<navPoint><navLabel><text>У лісі</text></navLabel><content src="one.xhtml#forest"/></navPoint></navPoint>
<navPoint><navLabel><text>Ріпка &amp; дід</text></navLabel><content src="two.xhtml"/></navPoint>
</navMap></ncx>"""
_PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Дві казки</dc:title><dc:language>uk</dc:language></metadata><manifest>
<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
<item id="one" href="one.xhtml" media-type="application/xhtml+xml"/>
<item id="two" href="two.xhtml" media-type="application/xhtml+xml"/>
</manifest><spine toc="ncx"><itemref idref="one"/><itemref idref="two"/></spine></package>"""
BOOK: dict[str, str | bytes] = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'>"
    "<rootfiles><rootfile full-path='OPS/package.opf'/></rootfiles></container>",
    "OPS/package.opf": _PACKAGE,
    "OPS/nav.xhtml": _PAGE.format("Зміст", _CONTENTS),
    "OPS/toc.ncx": _NCX,
    "OPS/one.xhtml": _PAGE.format("Рукавичка", "<h1>Рукавичка</h1><p id='forest'>Ішов&nbsp;дід лісом.</p>"),
    "OPS/two.xhtml": _PAGE.format("Ріпка", "<h1>Ріпка</h1><p>Посадив дід <img src='pic.png' alt=''/></p>"),
    "OPS/style.css": "p{color:#333}",
    "OPS/pic.png": png(30),
    "OPS/f.woff2": b"wOF2" + bytes(100),
}


def book(changes: Mapping[str, str | bytes | None] | None = None) -> bytes:
    """Return the book; `changes` replace files of it, None takes one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in (BOOK | dict(changes or {})).items():
            if data is not None:
                made.writestr(name, data)
    return out.getvalue()


def write_book(path: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the book to a file."""
    path.write_bytes(book(changes))
    return path


def long_pdf(count: int) -> bytes:
    """Return a PDF of this many pages, each with a word of its own."""
    writer = PdfWriter()
    for number in range(1, count + 1):
        writer.append(io.BytesIO(pdf("", f"word{number}")))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()

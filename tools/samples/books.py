"""Makes the sample PDF (printed by Chromium), the sample EPUB and the sample HTML5 zip."""

import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "samples"
SHELF = SAMPLES / "school-shelf" / "files"
CHANNEL = SAMPLES / "channel"

CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="uk">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:classroom-hub:two-tales</dc:identifier>
<dc:title>Дві казки: Рукавичка і Ріпка</dc:title>
<dc:language>uk</dc:language>
<dc:creator>Українська народна творчість</dc:creator>
<meta property="dcterms:modified">2025-01-01T00:00:00Z</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="css" href="book.css" media-type="text/css"/>
<item id="mitten" href="mitten.xhtml" media-type="application/xhtml+xml"/>
<item id="turnip" href="turnip.xhtml" media-type="application/xhtml+xml"/>
</manifest>
<spine><itemref idref="mitten"/><itemref idref="turnip"/></spine>
</package>
"""
NAVIGATION = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="uk">
<head><title>Зміст</title></head>
<body><nav epub:type="toc"><h1>Зміст</h1><ol>
<li><a href="mitten.xhtml">Рукавичка</a></li>
<li><a href="turnip.xhtml">Ріпка</a></li>
</ol></nav></body>
</html>
"""
STYLE = "body { line-height: 1.5; } h1 { text-align: center; } p { margin: 0; text-indent: 1.5em; }\n"


def print_pdf(page: Path, out: Path) -> None:
    """Print an HTML page into a PDF."""
    with tempfile.TemporaryDirectory() as profile:
        options = ["--headless", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer"]
        command = ["chromium", *options, f"--user-data-dir={profile}", f"--print-to-pdf={out}", page.as_uri()]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


def write_zip(out: Path, members: Mapping[str, bytes], *, stored: str = "") -> None:
    """Write a zip file whose bytes depend on nothing but `members`; the one named `stored` is not packed."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            how = zipfile.ZIP_STORED if name == stored else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), data, how)


def make_epub(out: Path) -> None:
    """Write the two tales as an EPUB 3; its first member says what it is, unpacked, as the format asks."""
    members = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": CONTAINER.encode(),
        "book/package.opf": PACKAGE.encode(),
        "book/nav.xhtml": NAVIGATION.encode(),
        "book/book.css": STYLE.encode(),
    }
    tales = {f"book/{name}": (HERE / name).read_bytes() for name in ("mitten.xhtml", "turnip.xhtml")}
    write_zip(out, members | tales, stored="mimetype")


def make_exercise(out: Path) -> None:
    """Write the exercise of the fractions pack as an HTML5 zip that stands alone."""
    pack = SAMPLES / "fractions"
    page = (pack / "practice.html").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if 'href="index.html"' not in line]
    files = {name: (pack / name).read_bytes() for name in ("practice.js", "style.css")}
    write_zip(out, {"index.html": "\n".join(lines).encode()} | files)


def main() -> None:
    """Make all three, and copy them to the channel where it has them too."""
    for folder in (SHELF, CHANNEL / "1 Дроби", CHANNEL / "2 Читання"):
        folder.mkdir(parents=True, exist_ok=True)
    print_pdf(HERE / "garden.html", SHELF / "1. Шкільний сад.pdf")
    make_epub(SHELF / "2. Дві казки.epub")
    make_exercise(CHANNEL / "1 Дроби" / "2 Вправи на дроби.zip")
    shutil.copy(SHELF / "1. Шкільний сад.pdf", CHANNEL / "2 Читання" / "3 Шкільний сад.pdf")
    shutil.copy(SHELF / "2. Дві казки.epub", CHANNEL / "2 Читання" / "2 Дві казки.epub")


if __name__ == "__main__":
    main()

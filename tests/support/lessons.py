"""The smallest real files of each type that a lesson can be, and a folder of them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path


def pdf(title: str = "", text: str = "Hello") -> bytes:
    """Return a PDF of one page."""
    stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode()
    info = b"<< /Title <" + b"FEFF".join([b"", title.encode("utf-16-be").hex().encode()]) + b"> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        info,
    ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.write(b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF\n" % start)
    return out.getvalue()


def mp4(filler: bytes = b"\0" * 64) -> bytes:
    """Return an MP4 container without a picture in it."""
    return _box(b"ftyp", b"isom\0\0\2\0isomiso2mp41") + _box(b"free", b"") + _box(b"mdat", filler)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def mp3() -> bytes:
    """Return an MP3 of four silent frames."""
    frame = b"\xff\xfb\x90\x00" + b"\0" * 413
    return b"ID3\x03\0\0\0\0\0\0" + frame * 4


def png(side: int = 2) -> bytes:
    """Return a grey picture."""
    rows = b"".join(b"\0" + b"\x80" * side for _ in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def zipped(files: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip, the same for the same files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def html5(title: str = "Гра") -> bytes:
    """Return an HTML5 lesson."""
    page = (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title></head><body>1+1</body></html>"
    )
    return zipped({"index.html": page, "js/app.js": "1"})


def epub(title: str = "Казки") -> bytes:
    """Return a book of one chapter."""
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
            '<rootfiles><rootfile full-path="book.opf"/></rootfiles></container>',
            "book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
            '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
            "a.xhtml": "<html xmlns='http://www.w3.org/1999/xhtml'><body><p>Жив собі</p></body></html>",
        }
    )


SUBTITLES = "1\n00:00:00,500 --> 00:00:02,000\nДобрий день\n"

CHANNEL_TOML = """\
id = "maths-grade4"
version = {version}
title = "{title}"
language = "uk"
licence = "CC-BY-4.0"
author = "Школа № 5"
description = "Дроби для четвертого класу"
tags = ["дроби"]

[files."1 Дроби/2 Частини.mp4"]
title = "Частини цілого"
description = "Відео про частини яблука"
tags = ["відео"]
"""


def write_folder(
    folder: Path, *, version: int = 1, title: str = "Математика, 4 клас", extra: str = ""
) -> Path:
    """Write a folder with a lesson of every type; `extra` changes what is in one of them."""
    files: dict[str, bytes] = {
        "channel.toml": CHANNEL_TOML.format(version=version, title=title).encode(),
        "thumbnail.png": png(8),
        "1 Дроби/thumbnail.png": png(4),
        "1 Дроби/1 Вступ.pdf": pdf("Вступ до дробів", "Fractions" + extra),
        "1 Дроби/2 Частини.mp4": mp4(),
        "1 Дроби/2 Частини.uk.vtt": b"WEBVTT\n\n00:00.000 --> 00:01.000\nPryvit\n",
        "1 Дроби/2 Частини.en.srt": SUBTITLES.encode(),
        "1 Дроби/2 Частини.png": png(3),
        "1 Дроби/10 Гра.zip": html5("Гра в дроби"),
        "2 Додатки/Пісня.mp3": mp3(),
        "2 Додатки/Казки.epub": epub("Казки про числа"),
    }
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder

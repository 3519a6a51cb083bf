"""The zip of an EPUB, read within limits: nothing is unpacked to disk, and nothing hostile to memory."""

import posixpath
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from lxml import etree

from content_packs.errors import BadDataError
from content_packs.text.xml import parse_xml
from content_packs.text.zips import UNREADABLE_ZIP

_MAX_XML_BYTES = 4 * 1024 * 1024
_MAX_MEMBERS = 100_000
_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024  # of the zip's list of files, which zipfile reads at once
_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16
_END_WITHIN = 65_535 + _END.size
_ENCRYPTED = 0x1
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that EPUB allows
UNREADABLE_EPUB = (*UNREADABLE_ZIP, etree.XMLSyntaxError)


class EpubError(BadDataError):
    """A file is no EPUB that a reader could open."""

    code = "bad-epub"


class EpubZip:
    """The files inside one EPUB. Its methods raise EpubError, or one of UNREADABLE_EPUB over damage."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._book = book
        self.names = frozenset(book.namelist())

    def find(self, name: str) -> zipfile.ZipInfo:
        """Return what the zip says of a file that can be read."""
        info = self._book.getinfo(name)
        if info.compress_type not in _COMPRESSIONS:
            raise EpubError(f"is not an EPUB: {name} is compressed in a way that readers do not know")
        if info.flag_bits & _ENCRYPTED:
            raise EpubError(f"is not an EPUB: {name} opens only with a password")
        return info

    def read(self, name: str, max_bytes: int) -> bytes:
        """Return the bytes of a file; more than `max_bytes` is an error."""
        data = self.read_start(name, max_bytes + 1)
        if len(data) > max_bytes:
            raise EpubError(f"is not an EPUB: {name} is larger than {max_bytes} bytes")
        return data

    def read_start(self, name: str, max_bytes: int) -> bytes:
        """Return the first bytes of a file."""
        with self._book.open(self.find(name)) as member:
            return member.read(max_bytes)

    def read_pieces(self, name: str, piece_bytes: int) -> Iterator[bytes]:
        """Yield a file in pieces; no more in all than the zip says that it has."""
        with self._book.open(self.find(name)) as member:
            while piece := member.read(piece_bytes):
                yield piece

    def read_xml(self, name: str) -> etree._Element:
        """Return the root of an XML file, mended where it is broken; no entity is followed."""
        root = parse_xml(self.read(name, _MAX_XML_BYTES), recover=True)
        if root is None:
            raise EpubError(f"is not an EPUB: {name} is not XML")
        return root


@contextmanager
def open_epub(path: Path) -> Iterator[EpubZip]:
    """Open an EPUB.

    Raises:
        EpubError: not a zip file, or one that no reader opens; also over what goes wrong while it is open.
    """
    try:
        with path.open("rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as book:
                if len(book.infolist()) > _MAX_MEMBERS:
                    raise EpubError(f"is not an EPUB: expected at most {_MAX_MEMBERS} files in it")
                yield EpubZip(book)
    except UNREADABLE_EPUB as error:
        raise EpubError(f"is not an EPUB: {error}", hint="Export the book again.") from error


def _check_directory(file: BinaryIO) -> None:
    """Refuse a list of files that would take much memory; what is no zip is for zipfile to say."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_WITHIN))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if 0 <= at <= len(tail) - _END.size:
        directory_bytes = _END.unpack_from(tail, at)[5]
        if directory_bytes > _MAX_DIRECTORY_BYTES or b"PK\x06\x07" in tail[max(0, at - 20) : at]:
            raise EpubError("is not an EPUB: its list of files is too long", hint="Export the book again.")
    file.seek(0)


def resolve(base: str, href: str) -> tuple[str, str]:
    """Return the file that `href` names in the file `base`, and its fragment; no file where it leads out."""
    path, _, fragment = href.partition("#")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(path))) if path else base
    return ("" if name.startswith(("../", "/")) or name == ".." else name), unquote(fragment)

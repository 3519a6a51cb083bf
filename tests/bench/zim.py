"""A ZIM of a folder of pages, with the full-text index that kiwix-serve searches."""

import mimetypes
import re
import sys
from pathlib import Path

from libzim.writer import Creator, FileProvider, Hint, Item

_TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_METADATA = {
    "Name": "book_en",
    "Title": "Introduction to Python Programming",
    "Description": "The textbook of the bench",
    "Creator": "OpenStax",
    "Publisher": "bench",
    "Date": "2026-11-01",
}


class _File(Item):
    def __init__(self, path: str, location: Path) -> None:
        super().__init__()
        self._path, self._location = path, location
        self._type = mimetypes.guess_type(path)[0] or "application/octet-stream"

    def get_path(self) -> str:
        return self._path

    def get_title(self) -> str:
        if self._type != "text/html":
            return ""
        found = _TITLE.search(self._location.read_text(encoding="utf-8", errors="replace"))
        return found[1].strip() if found else self._path

    def get_mimetype(self) -> str:
        return self._type

    def get_contentprovider(self) -> FileProvider:
        return FileProvider(str(self._location))

    def get_hints(self) -> dict[Hint, int]:
        return {Hint.FRONT_ARTICLE: int(self._type == "text/html"), Hint.COMPRESS: 1}


def write_zim(tree: Path, target: Path, language: str = "eng", main_path: str = "index.html") -> Path:
    """Write every file below `tree`, of a language of ISO 639-3; return `target`."""
    with Creator(target).config_indexing(True, language).set_mainpath(main_path) as creator:
        for location in sorted(path for path in tree.rglob("*") if path.is_file()):
            creator.add_item(_File(location.relative_to(tree).as_posix(), location))
        for name, value in (_METADATA | {"Language": language}).items():
            creator.add_metadata(name, value)
    return target


if __name__ == "__main__":  # a program of its own: libzim's writer talks on stdout
    write_zim(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])

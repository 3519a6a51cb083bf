"""Makes the sample ZIM from articles.md, with a full text index, through libzim's writer."""

import html
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from libzim.writer import Creator, Hint, Item, StringProvider

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "samples" / "encyclopaedia" / "carpathians.zim"
MAIN = "index"
_LINK = re.compile(r"\[\[([^|\]]+)(?:\|([^\]]+))?\]\]")
_STYLE = """body{max-width:38rem;margin:0 auto;padding:1rem;font:18px/1.6 "DejaVu Sans",Arial,sans-serif;
color:#1d2733;background:#fbf8f1}h1{color:#2b6e3f;line-height:1.2}a{color:#14507a}
li{margin:.3rem 0}"""


class Page(Item):  # type: ignore[misc]  # libzim has no types
    """One entry of the archive."""

    def __init__(self, path: str, title: str, content: str, mimetype: str = "text/html") -> None:
        super().__init__()
        self._path, self._title, self._content, self._mimetype = path, title, content, mimetype

    def get_path(self) -> str:
        """The entry's path."""
        return self._path

    def get_title(self) -> str:
        """What suggestions show."""
        return self._title

    def get_mimetype(self) -> str:
        """The entry's type."""
        return self._mimetype

    def get_contentprovider(self) -> StringProvider:
        """The entry's bytes."""
        return StringProvider(self._content)

    def get_hints(self) -> dict[Hint, int]:
        """Articles are listed and searched; the style is not."""
        return {Hint.FRONT_ARTICLE: int(self._mimetype == "text/html"), Hint.COMPRESS: 1}


def read_articles(text: str) -> Iterator[tuple[str, str]]:
    """Yield title and text of each article."""
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        yield title.strip(), body.strip()


def render(title: str, body: str) -> str:
    """Return an article as a page; `[[Title|words]]` becomes a link."""
    linked = _LINK.sub(lambda found: link(found[1], found[2] or found[1]), html.escape(body, quote=False))
    paragraphs = "".join(f"<p>{paragraph}</p>\n" for paragraph in linked.split("\n\n"))
    return page(title, paragraphs + '<p><a href="index">Усі статті</a></p>')


def link(title: str, words: str) -> str:
    """Return a link to an article."""
    return f'<a href="{path_of(title)}">{words}</a>'


def path_of(title: str) -> str:
    """Return the path of an article."""
    return title.replace(" ", "_")


def page(title: str, body: str) -> str:
    """Return a whole HTML page."""
    return (
        f'<!doctype html>\n<html lang="uk"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="style.css"></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n'
    )


def icon() -> bytes:
    """Return a PNG of 48 × 48 pixels: two green mountains under a pale sky."""
    rows = b""
    for y in range(48):
        near = [abs(x - 30) < (y - 10) * 0.6 for x in range(48)]
        far = [abs(x - 14) < (y - 20) * 0.7 for x in range(48)]
        colours = (
            b"\x2b\x6e\x3f" if n else b"\x7d\xb0\x86" if f else b"\xd8\xee\xf7"
            for n, f in zip(near, far, strict=True)
        )
        rows += b"\0" + b"".join(colours)
    header = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def main() -> None:
    """Write the archive anew."""
    text = (HERE / "articles.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    articles = list(read_articles(text))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.unlink(missing_ok=True)
    with Creator(OUT).config_indexing(True, "ukr").set_mainpath(MAIN) as creator:
        listing = "".join(f"<li>{link(name, name)}</li>\n" for name, _ in sorted(articles))
        creator.add_item(Page(MAIN, title, page(title, f"<ul>\n{listing}</ul>")))
        creator.add_item(Page("style.css", "", _STYLE, "text/css"))
        for name, body in articles:
            creator.add_item(Page(path_of(name), name, render(name, body)))
        metadata = {
            "Name": "carpathians_uk",
            "Title": title,
            "Description": "Шістнадцять коротких статей для п’ятикласників",
            "Language": "ukr",
            "Creator": "Classroom hub",
            "Publisher": "Classroom hub",
            "Date": "2025-01-01",
            "License": "CC-BY-4.0",
        }
        for name, value in metadata.items():
            creator.add_metadata(name, value)
        creator.add_illustration(48, icon())


if __name__ == "__main__":
    main()

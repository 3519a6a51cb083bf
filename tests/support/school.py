"""The hub that browsers look at: a shelf of every kind of lesson, and the addresses of its pages."""

from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from hub.db import open_db
from hub.settings import HubPaths
from support.lessons import write_folder
from support.shelves import put, put_textbook, stock

SHELF, BOOK, COURSE = "maths-shelf", "python-basics", "maths-grade4"
INSTALLED_AT = "2026-09-01T06:00:00+00:00"  # all at once, so that the newest are always the same


def item(name: str) -> str:
    """The page that shows an item of the shelf."""
    return f"/view/{SHELF}/{quote(name)}"


FILM = item("відео/4 Частини.mp4")
PDF = item("3 Підручник + зошит.pdf")
EPUB = item("6 Казки.epub")
MARKDOWN = item("1 Вступ #1 100%.md")
PAGES = {
    "home": "/",
    "library": "/library",
    "subject": "/library?subject=history",
    "nothing-fits": "/library?subject=history&grade=1",
    "pack-files": f"/pack/{SHELF}",
    "pack-web": f"/pack/{BOOK}",
    "pack-kolibri": f"/pack/{COURSE}",
    "view-web": f"/view/{BOOK}/m00010.html",
    "view-markdown": MARKDOWN,
    "view-text": item("2 Урок.txt"),
    "view-film": FILM,
    "view-audio": item("5 Пісня.mp3"),
    "view-picture": item("рис.png"),
    "view-pdf": PDF,
    "view-epub": EPUB,
    "view-other": item("8 Таблиця.xlsx"),
    "view-kolibri": f"/view/{COURSE}/{channel_id(COURSE)}",
    "search-empty": "/search",
    "search": "/search?q=" + quote("дріб"),
    "search-nothing": "/search?q=" + quote("жжжщщщ"),
    "help": "/help",
    "help-teacher": "/help/teacher",
    "status": "/tech/status",
    "missing": "/nope",
}
FOR_TECHNICIANS = ("status",)


def stock_school(paths: HubPaths, scratch: Path) -> None:
    """Install everything that the pages show."""
    stock(paths, scratch)
    put_textbook(paths, scratch)
    make_channel(write_folder(scratch / "course"), scratch / COURSE)
    put(paths, scratch / COURSE)
    with closing(open_db(paths.db)) as db:
        db.execute("update installed set installed_at = ?", [INSTALLED_AT])

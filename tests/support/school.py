"""The hub that browsers look at: a shelf of every kind of lesson, and the addresses of its pages."""

import json
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id, derived_id
from hub.accounts import add_account
from hub.clock import read_boot_id
from hub.db import open_db
from hub.jobs import jobs_dir
from hub.settings import HubPaths
from hub.sticks import to_text
from support.accounts import PASSWORD
from support.books import book, long_pdf
from support.lessons import write_folder
from support.shelves import put, put_lesson, put_textbook, stock
from support.technicians import JOBS, NETWORK, RUNS, STICK, TECHNICIAN

SHELF, BOOK, COURSE, READING = "maths-shelf", "python-basics", "maths-grade4", "reading-room"
LONG_PDF, TALES = f"/view/{READING}/1.pdf", f"/view/{READING}/2.epub"
JOB, UPDATED = "000002-sync-from", "chemistry-8"
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
    "view-pages": LONG_PDF,
    "view-pages-later": f"{LONG_PDF}?page=11",
    "view-pages-text": f"{LONG_PDF}?page=3&text=1",
    "view-contents": TALES,
    "view-chapter": f"{TALES}?chapter=1",
    "view-game": item("7 Гра.html"),
    "view-other": item("8 Таблиця.xlsx"),
    "view-kolibri": f"/view/{COURSE}/{channel_id(COURSE)}",
    "view-resource": f"/view/{COURSE}/" + derived_id(channel_id(COURSE), "node", "1 Дроби/1 Вступ.pdf"),
    "choices": "/set?next=/library",
    "filtered": "/library?subject=mathematics&grade=5&language=uk&kind=video",
    "search-empty": "/search",
    "search": "/search?q=" + quote("дріб"),
    "search-nothing": "/search?q=" + quote("жжжщщщ"),
    "search-narrowed": "/search?subject=mathematics&q=" + quote("дріб"),
    "search-meant": "/search?q=funktions",
    "search-wrong-keys": "/search?q=lhj,b",
    "help": "/help",
    "help-teacher": "/help/teacher",
    "help-checks": "/help/checks",
    "status": "/tech/status",
    "tech-wifi": "/tech/wifi",
    "tech-content": "/tech/content",
    "tech-sync": "/tech/sync",
    "tech-power": "/tech/power",
    "tech-backup": "/tech/backup",
    "tech-logs": "/tech/logs",
    "tech-job": f"/tech/jobs/{JOB}",
    "tech-restore": "/tech/do/restore?stick=sda1&file=hub-2026.backup",
    "missing": "/nope",
}
FOR_TECHNICIANS = tuple(name for name, path in PAGES.items() if path.startswith("/tech/"))


def stock_school(paths: HubPaths, scratch: Path) -> None:
    """Install everything that the pages show."""
    stock(paths, scratch)
    put_textbook(paths, scratch)
    make_channel(write_folder(scratch / "course"), scratch / COURSE)
    put(paths, scratch / COURSE)
    books = {"1.pdf": long_pdf(25), "2.epub": book()}
    put_lesson(paths, scratch, books, id=READING, kind="files", entry=None, title="Читальний зал")
    put_lesson(
        paths, scratch, id=UPDATED, version=2, title="Хімія довкола нас", subject="chemistry", grades=[8]
    )
    _work(paths)
    with closing(open_db(paths.db)) as db:
        db.execute("update installed set installed_at = ?", [INSTALLED_AT])


def _work(paths: HubPaths) -> None:
    """Let it have a technician, a stick, devices on the Wi-Fi, a sync that failed, and jobs that ended."""
    add_account(paths, TECHNICIAN, PASSWORD, role="technician")
    paths.run.mkdir(parents=True, exist_ok=True)
    (paths.run / "sticks.json").write_bytes(to_text([STICK]))
    said = {"format": 1, "boot": read_boot_id(), "pid": 1}
    (paths.run / "network.json").write_text(json.dumps({**said, **NETWORK}))
    jobs_dir(paths).mkdir()
    for job_id, job in JOBS.items():
        (jobs_dir(paths) / f"{job_id}.json").write_text(json.dumps({"format": 1, "values": {}, **job}))
    with closing(open_db(paths.db)) as db:
        db.table("sync_runs").insert_all(RUNS)

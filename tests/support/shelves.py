"""A hub with lessons on it for tests of the portal: real trees and rows, with no depot and no sync."""

from contextlib import closing
from pathlib import Path

from content_packs.channel import make_channel
from hub.db import open_db
from hub.settings import HubPaths, HubSettings, KiwixSettings, PortalSettings
from support import lessons
from support.data import shared_data
from support.installing import install_source
from support.sources import PAGE, write_source

SETTINGS = HubSettings(
    hub_id="h-test01",
    depot_url="/nowhere",
    portal=PortalSettings(host="127.0.0.1", name="Ліцей села Кваси"),
    kiwix=KiwixSettings(enabled=False),
)
HOSTILE_TITLE = '<script>alert("x")</script> & "лапки" 100% %s'


def put(paths: HubPaths, folder: Path) -> Path:
    """Install a pack source; return the installed content."""
    content = install_source(paths, folder)
    size = sum(path.stat().st_size for path in content.rglob("*") if path.is_file())
    with closing(open_db(paths.db)) as db:
        db.execute("update installed set size_bytes = ? where pack_id = ?", [size, content.parents[1].name])
    return content


def put_lesson(
    paths: HubPaths, scratch: Path, files: dict[str, bytes] | None = None, **fields: object
) -> Path:
    """Install a small pack with these fields of pack.toml."""
    folder = scratch / f"{fields.get('id', 'lesson')}-{fields.get('version', 1)}"
    return put(paths, write_source(folder, files, **fields))


MARKDOWN = """# Дроби

Дріб - це **частина** цілого. [Далі](2%20%D0%A3%D1%80%D0%BE%D0%BA.txt), ![рисунок](%D1%80%D0%B8%D1%81.png)

<script>alert(1)</script> [погане](javascript:alert(1))

| Дріб | Слово |
|---|---|
| 1/2 | половина |
"""


def put_files_pack(paths: HubPaths, scratch: Path) -> Path:
    """Install a files pack with one item of every type, with names that hurt."""
    files = {
        "1 Вступ #1 100%.md": MARKDOWN.encode(),
        "2 Урок.txt": "Перший рядок\n<b>не жирний</b>\n".encode(),
        "3 Підручник + зошит.pdf": lessons.pdf("Підручник з математики", "Fractions"),
        "відео/4 Частини.mp4": lessons.mp4(b"\0" * 3000),
        "відео/4 Частини.uk.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nДобрий день\n".encode(),
        "5 Пісня.mp3": lessons.mp3(),
        "6 Казки.epub": lessons.epub("Казки про числа"),
        "рис.png": lessons.png(40),
        "7 Гра.html": PAGE.format("Гра", "1+1").encode(),
        "8 Таблиця.xlsx": b"PK",
    }
    return put_lesson(
        paths,
        scratch,
        files,
        id="maths-shelf",
        kind="files",
        entry=None,
        title="Математика: матеріали для 5 класу",
        description="Підручник, відео з субтитрами, пісня, книжка і гра про дроби.",
        subject="mathematics",
        grades=[5, 6],
        author="О. Коваль",
    )


def put_channel(paths: HubPaths, scratch: Path) -> Path:
    """Install a channel of Kolibri, `maths-grade4`, with a lesson of every type; return its content."""
    make_channel(lessons.write_folder(scratch / "channel"), scratch / "maths-grade4")
    return put(paths, scratch / "maths-grade4")


def put_textbook(paths: HubPaths, scratch: Path) -> Path:
    """Install the real textbook as a web pack."""
    folder = write_source(
        scratch / "python-basics",
        {},
        id="python-basics",
        version=3,
        title="Вступ до програмування мовою Python",
        description="Підручник OpenStax: змінні, рядки, умови, цикли, функції. З вправами у браузері.",
        language="en",
        subject="informatics",
        grades=[8, 9, 10, 11],
        author="OpenStax",
        content="site",
    )
    (folder / "site").symlink_to(shared_data("textbook", "v3"))
    return put(paths, folder)


def stock(paths: HubPaths, scratch: Path) -> None:
    """Install a school's worth of small packs."""
    put_files_pack(paths, scratch)
    more = (
        ("python-1", "Вступ до Python", "informatics", [8, 9], "en", "Змінні, умови, цикли."),
        ("ukrainian-5", "Українська мова, 5 клас", "ukrainian", [5], "uk", "Іменник, дієслово, речення."),
        ("history-ua", "Історія України: козацька доба", "history", [8], "uk", "Хмельниччина, Гетьманщина."),
        ("english-1", "English for beginners", "languages", [1, 2, 3], "en", "Songs, words and short talks."),
        ("biology-7", "Біологія. Рослини Карпат", "biology", [6, 7], "uk", "Дерева, квіти, гриби краю."),
        ("physics-9", "Фізика: електричний струм", "physics", [9], "uk", "Досліди, які можна зробити вдома."),
        ("chemistry-8", "Хімія довкола нас", "chemistry", [8], "uk", "Вода, повітря, солі та кислоти."),
    )
    for pack_id, title, subject, grades, language, description in more:
        put_lesson(
            paths,
            scratch,
            id=pack_id,
            title=title,
            subject=subject,
            grades=grades,
            language=language,
            description=description,
        )

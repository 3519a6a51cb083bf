"""What is synced: packs that have several versions, and the steps between them that are measured."""

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import goals
from bench.trees import copy_tree
from support.npm import Release, fetch_release

_APP_PAGE = """<!doctype html><html lang=en><meta charset=utf-8><title>App</title>
<script src=min/vs/loader.js></script>"""
EDITED_FILES = 28  # of 745: the other textbook of GOALS.md, which is not among our data
APP = (
    Release(
        "monaco-editor",
        "0.34.0",
        "sha512-VF+S5zG8wxfinLKLrWcl4WUizMx+LeJrG4PM/M78OhcwocpV0jiyhX/pG6Q9jIOhrb/ckYi6nHnaR5OojlOZCQ==",
    ),
    Release(
        "monaco-editor",
        "0.34.1",
        "sha512-FKc80TyiMaruhJKKPz5SpJPIjL+dflGvz4CpuThaPMc94AyN7SeC9HQ8hrvaxX7EyHdJcUY5i4D0gNyJj1vSZQ==",
    ),
)
_ROWS, _CHANGED = 60_000, 600  # 1 % changed and 1 % added: field-notes/sync.md, §0.5
_WORDS = (
    "дроби",
    "число",
    "рівняння",
    "урок",
    "клас",
    "задача",
    "відповідь",
    "учень",
    "школа",
    "книга",
    "приклад",
)


@dataclass(frozen=True, slots=True)
class Case:
    """From which version to which; `has` of None: nothing was there. `in_field`: over a slow link too."""

    name: str
    has: int | None
    wants: int
    goal: goals.BytesGoal | None = None
    in_field: bool = True


@dataclass(frozen=True, slots=True)
class Story:
    """A pack and its versions from 1 on, each the folder of its files."""

    pack: str
    kind: str
    entry: str | None
    trees: Sequence[Path]
    cases: Sequence[Case]


def book(folder: Path, versions: Sequence[Path]) -> Story:
    """The textbook's three versions, and a fourth that differs from the third in a few edited pages."""
    total = sum(1 for path in versions[2].rglob("*") if path.is_file())
    edited = _edit_pages(copy_tree(versions[2], folder / "v4"))
    cases = (
        Case("v1 → v2", 1, 2, goals.update),
        Case("v2 → v3", 2, 3, goals.update),
        Case(f"{edited} of {total} files edited", 3, 4, goals.edited),
        Case("v3, first install", None, 3, goals.first_install),
        Case("nothing new", 3, 3, goals.nothing_new),
    )
    return Story("textbook", "web", "index.html", (*versions, folder / "v4"), cases)


def _edit_pages(tree: Path) -> int:
    """Write into some pages as an author would: a word replaced, a sentence more. Return how many."""
    pages = sorted(path for path in tree.rglob("*.html") if path.is_file())
    chance = random.Random(3)
    chosen = chance.sample(pages, min(EDITED_FILES, len(pages)))
    for page in chosen:
        page.chmod(0o644)
        text = page.read_text(encoding="utf-8")
        cut = max(text.rfind("</p>"), 0)
        words = re.findall(r"[a-z]{2,}", text)
        sentence = " ".join(chance.choices(words, k=12)).capitalize()
        text = f"{text[:cut]} {sentence}.{text[cut:]}"
        page.write_text(re.sub(r"\bprogram\b", "script", text, count=1), encoding="utf-8")
    return len(chosen)


def app(folder: Path) -> Story:
    """Two releases of an app from the npm registry; NotFetchedError where they cannot be had."""
    trees = [fetch_release(release, folder / release.version) for release in APP]
    old, new = APP
    size_mb = sum(path.stat().st_size for path in trees[1].rglob("*") if path.is_file()) // 1_000_000
    name = f"{new.package} {old.version} → {new.version}, {size_mb} MB"
    for tree in trees:  # a web pack opens with a page of its own
        (tree / "index.html").write_text(_APP_PAGE, encoding="utf-8")
    return Story("app", "web", "index.html", trees, (Case(name, 1, 2, goals.app),))


def database(folder: Path) -> Story:
    """A SQLite database built anew: some rows changed, some added, and all written out again in order."""
    trees = [folder / "v1", folder / "v2"]
    for number, tree in enumerate(trees):
        tree.mkdir(parents=True)
        _write_database(tree / "lessons.sqlite3", anew=bool(number))
    size_mb = (trees[1] / "lessons.sqlite3").stat().st_size // 1_000_000
    name = f"SQLite of {size_mb} MB, 1 % changed, 1 % added"
    return Story("lessons-db", "files", None, trees, (Case(name, 1, 2, in_field=False),))


def _write_database(path: Path, *, anew: bool) -> None:
    rows = {number: _row(number) for number in range(_ROWS)}
    if anew:
        chance = random.Random(1)
        for number in chance.sample(range(_ROWS), _CHANGED):
            rows[number] = _row(number + 10 * _ROWS)
        for number in range(_ROWS, _ROWS + _CHANGED):
            rows[number] = _row(number)
    with sqlite3.connect(path) as db:
        db.execute("create table lessons (id integer primary key, title text, body text)")
        db.execute("create index titles on lessons (title)")
        db.executemany("insert into lessons values (?, ?, ?)", ((n, *row) for n, row in rows.items()))
    db.execute("vacuum")
    db.close()


def _row(number: int) -> tuple[str, str]:
    chance = random.Random(number)
    return " ".join(chance.choices(_WORDS, k=4)), f"{number} " + " ".join(chance.choices(_WORDS, k=20))


def zim(folder: Path, versions: Sequence[Path]) -> Story:
    """A ZIM of the textbook's second version, and one of its third: built anew, as ZIMs always are."""
    trees = [folder / "v1", folder / "v2"]
    for tree, pages in zip(trees, versions[1:3], strict=True):
        tree.mkdir(parents=True)
        command = [sys.executable, "-m", "bench.zim", pages, tree / "book.zim"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        for left in tree.iterdir():  # libzim's index leaves a folder beside it
            if left.is_dir():
                shutil.rmtree(left)
    return Story("book-zim", "zim", None, trees, (Case("ZIM of the book, v2 → v3", 1, 2, in_field=False),))

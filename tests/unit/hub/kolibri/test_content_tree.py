"""Kolibri's tree holds hardlinks of stored files and a copy of each database, and nothing else."""

import sqlite3
from contextlib import closing
from pathlib import Path

from hub.kolibri import content_tree

NAME = "a/b/ab" + "0" * 30 + ".pdf"
OTHER = "c/d/cd" + "0" * 30 + ".mp4"


def export(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "storage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
        path.chmod(0o444)
    (folder / "databases").mkdir(parents=True)
    (folder / "databases" / "c1.sqlite3").write_bytes(b"database")
    return folder


def test_stored_files_are_links_and_databases_copies(tmp_path):
    pack, tree = export(tmp_path / "pack", NAME), tmp_path / "tree"
    (tree / "databases").mkdir(parents=True)
    stored = content_tree.list_stored(pack)
    content_tree.link_stored(tree, stored)
    content_tree.link_stored(tree, stored)
    content_tree.copy_database(tree, "c1", pack / "databases" / "c1.sqlite3")
    assert (tree / "storage" / NAME).samefile(pack / "storage" / NAME)
    assert not content_tree.database_place(tree, "c1").samefile(pack / "databases" / "c1.sqlite3")
    assert [path.name for path in (tree / "databases").iterdir()] == ["c1.sqlite3"]


def test_what_no_pack_holds_any_more_is_dropped_and_the_pack_keeps_its_file(tmp_path):
    pack, tree = export(tmp_path / "pack", NAME, OTHER), tmp_path / "tree"
    stored = content_tree.list_stored(pack)
    content_tree.link_stored(tree, stored)
    content_tree.drop_stored(tree, {NAME: stored[NAME]})
    assert set(content_tree.list_stored(tree)) == {NAME}
    assert (pack / "storage" / OTHER).is_file()


def test_lost_links_are_seen_and_made_again(tmp_path):
    pack, tree = export(tmp_path / "pack", NAME), tmp_path / "tree"
    stored = content_tree.list_stored(pack)
    content_tree.link_stored(tree, stored)
    assert content_tree.find_missing(tree, stored) == []
    (tree / "storage" / NAME).unlink()
    (tree / "storage" / NAME).symlink_to("/nowhere")
    assert content_tree.find_missing(tree, stored) == [NAME]
    content_tree.link_stored(tree, stored)
    assert (tree / "storage" / NAME).samefile(pack / "storage" / NAME)


def test_the_log_of_an_old_database_never_meets_a_new_one(tmp_path):
    pack, tree = tmp_path / "pack", tmp_path / "tree"
    for folder in (pack / "databases", tree / "databases"):
        folder.mkdir(parents=True)
    place = content_tree.database_place(tree, "c1")
    _write_database(pack / "databases" / "c1.sqlite3", "old")
    content_tree.copy_database(tree, "c1", pack / "databases" / "c1.sqlite3")
    writer = sqlite3.connect(place)
    writer.execute("pragma journal_mode=wal")
    writer.execute("update lesson set title = 'written by Kolibri'")
    writer.commit()
    log = place.with_name(f"{place.name}-wal")
    kept = log.read_bytes()
    writer.close()
    log.write_bytes(kept)  # as a power cut leaves it
    (pack / "databases" / "c1.sqlite3").unlink()
    _write_database(pack / "databases" / "c1.sqlite3", "new")
    content_tree.copy_database(tree, "c1", pack / "databases" / "c1.sqlite3")
    with closing(sqlite3.connect(place)) as reader:
        assert reader.execute("select title from lesson").fetchall() == [("new",)]


def _write_database(path: Path, title: str) -> None:
    with closing(sqlite3.connect(path)) as made:
        made.execute("create table lesson (title text)")
        made.execute("insert into lesson values (?)", [title])
        made.commit()

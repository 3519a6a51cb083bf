"""From an address to a file of a pack: what is found, and that nothing on the way to it is followed."""

from pathlib import Path

import pytest

from hub.settings import HubPaths
from hub.web.packfiles import PackFiles
from support.shelves import put_lesson


@pytest.fixture
def tree(paths: HubPaths, scratch: Path) -> Path:
    """Install a pack with a page and a folder; return its files."""
    return put_lesson(paths, scratch, {"index.html": b"<h1>1</h1>", "notes/a.txt": b"a"})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("index.html", "index.html"),
        ("notes/a.txt", "notes/a.txt"),
        ("notes/", "notes"),
        ("notes", "notes"),
        ("", ""),
    ],
)
def test_what_is_there_is_found(paths: HubPaths, tree: Path, path: str, found: str) -> None:
    assert PackFiles(paths).find("lesson", path) == tree / found


@pytest.mark.parametrize(
    "path",
    [
        *("..", "../index.zst", "notes/../index.html", "notes/..", ".", "./index.html", "notes/./a.txt"),
        *(
            "/",
            "//",
            "/index.html",
            "/etc/passwd",
            "notes//a.txt",
            "index.html/",
            "index.html/x",
            "none",
            "a\0",
        ),
        *("notes/../../../../../../etc/passwd", "x" * 5000),
    ],
)
def test_what_is_no_plain_way_to_a_file_is_not_found(paths: HubPaths, tree: Path, path: str) -> None:
    assert PackFiles(paths).find("lesson", path) is None


@pytest.mark.parametrize("at", ["link.txt", "folder", "notes/link.txt"])
def test_a_link_is_not_followed_wherever_it_stands(
    paths: HubPaths, tree: Path, tmp_path: Path, at: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.txt").write_text("secret")
    for folder in (tree, tree / "notes"):
        folder.chmod(0o755)
    (tree / at).symlink_to(outside if at == "folder" else outside / "a.txt")
    assert PackFiles(paths).find("lesson", f"{at}/a.txt" if at == "folder" else at) is None
    assert PackFiles(paths).find("lesson", at) is None


@pytest.mark.parametrize("level", ["pack", "version", "files"])
def test_a_folder_of_a_pack_that_is_a_link_is_not_followed(
    paths: HubPaths, tree: Path, tmp_path: Path, level: str
) -> None:
    files = PackFiles(paths)
    place = {"files": tree, "version": tree.parent, "pack": tree.parent.parent}[level]
    place.rename(tmp_path / "elsewhere")
    place.symlink_to(tmp_path / "elsewhere")
    assert files.find("lesson", "index.html") is None

"""Small pack sources for tests."""

from collections.abc import Mapping
from pathlib import Path

_FIELDS = {
    "id": '"lesson"',
    "version": "1",
    "kind": '"web"',
    "title": '"Урок"',
    "language": '"uk"',
    "licence": '"CC-BY-4.0"',
    "entry": '"index.html"',
}
PAGE = "<!doctype html><html lang=uk><meta charset=utf-8><title>{0}</title><h1>{0}</h1><p>{1}</p></html>"


def write_source(folder: Path, files: Mapping[str, bytes] | None = None, **fields: object) -> Path:
    """Write a pack source and return its folder; a field given as None is left out of pack.toml."""
    content = (
        {"index.html": PAGE.format("Урок", "Сьогодні вивчаємо дроби.").encode()} if files is None else files
    )
    for path, data in content.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    values = _FIELDS | {name: _toml(value) for name, value in fields.items() if value is not None}
    dropped = {name for name, value in fields.items() if value is None}
    lines = [f"{name} = {value}\n" for name, value in values.items() if name not in dropped]
    (folder / "pack.toml").write_text("".join(lines), encoding="utf-8")
    return folder


def _toml(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def read_tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder by its relative path."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }

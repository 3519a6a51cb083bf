"""A pack source: the folder with pack.toml that an author edits."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from content_packs.errors import UsageError, local_error
from content_packs.meta import FieldFault, find_line, parse_toml
from content_packs.names import MAX_PATH_BYTES

PACK_TOML = "pack.toml"
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a source: where it is, what is wrong, what to do. `line` 0 means the whole file.

    A build refuses an error and only shows a warning.
    """

    path: str
    message: str
    hint: str = ""
    line: int = 0
    severity: Severity = "error"
    code: str = ""  # what it is, for programs that say it in another language

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.message.rstrip('.')}." + (f" {self.hint}" if self.hint else "")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One regular file of the content: `path` relative with `/`, and where it lies."""

    path: str
    location: Path
    size: int


@dataclass(frozen=True)
class PackSource:
    """A source as it lies on disk, faults and all; nothing is checked yet."""

    folder: Path
    text: str
    values: dict[str, Any]
    toml_fault: FieldFault | None

    @property
    def content_dir(self) -> Path:
        """The folder whose files become the pack's content."""
        name = self.values.get("content", ".")
        return self.folder / name if isinstance(name, str) else self.folder

    @cached_property
    def _walked(self) -> tuple[tuple[SourceFile, ...], tuple[Finding, ...]]:
        files: list[SourceFile] = []
        findings: list[Finding] = []
        for item in walk_tree(self.content_dir):
            if isinstance(item, Finding):
                findings.append(item)
            elif not (item.path == PACK_TOML and self.content_dir.samefile(self.folder)):
                files.append(item)
        return tuple(sorted(files, key=lambda f: f.path)), tuple(findings)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The content's regular files, sorted by path; pack.toml itself is not content."""
        return self._walked[0]

    @property
    def walk_findings(self) -> tuple[Finding, ...]:
        """Links and special files that were met and left out."""
        return self._walked[1]

    def finding(
        self, field: str, message: str, hint: str = "", severity: Severity = "error", *, code: str = "field"
    ) -> Finding:
        """Return a finding at the line of pack.toml that sets `field`."""
        return Finding(PACK_TOML, message, hint, find_line(self.text, field), severity, code)

    def place(self, path: str) -> str:
        """Return the path of a content file as its author sees it: relative to the source's folder."""
        return Path(os.path.relpath(self.content_dir / path, self.folder)).as_posix()


def open_source(folder: Path) -> PackSource:
    """Read the pack.toml of `folder`; what is wrong in it is for `check_source` to say.

    Raises:
        UsageError: there is no such folder, or no pack.toml in it.
    """
    path = folder / PACK_TOML
    try:
        if path.exists() and not path.is_file():  # a FIFO would keep us for ever
            raise UsageError(f"{path}: not a regular file", hint="Write the pack's fields into a plain file.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: no {PACK_TOML} there", hint="Give the folder that holds it.") from error
    except NotADirectoryError as error:
        raise UsageError(f"{folder}: expected a folder, got a file") from error
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return PackSource(
            folder, "", {}, FieldFault("", f"not UTF-8 at byte {error.start}", "Save it as UTF-8.")
        )
    values, fault = parse_toml(text)
    return PackSource(folder, text, values, fault)


def walk_tree(folder: Path) -> Iterator[SourceFile | Finding]:
    """Yield every regular file below a folder, and as findings what is a link, special or cannot be read."""
    yield from _walk(folder, "")


def _walk(folder: Path, prefix: str) -> Iterator[SourceFile | Finding]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Finding(prefix or ".", f"cannot be read: {error.strerror}", code="unreadable")
        return
    for entry in entries:
        path = prefix + entry.name
        if entry.is_symlink():
            hint = "Put the file itself here: a pack holds no links."
            yield Finding(path, f"is a link to {os.readlink(entry.path)!r}", hint, code="link")  # noqa: PTH115
        elif entry.is_dir() and len(path) > MAX_PATH_BYTES:
            yield Finding(path, f"the path is longer than {MAX_PATH_BYTES} bytes", code="file-name")
        elif entry.is_dir():
            yield from _walk(Path(entry.path), path + "/")
        elif entry.is_file():
            yield SourceFile(path, Path(entry.path), entry.stat().st_size)
        else:
            yield Finding(path, "is neither a file nor a folder", "Remove it.", code="special-file")

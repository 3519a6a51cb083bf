"""Which links of a web pack lead nowhere, and why, in words."""

import difflib
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from content_packs.links import Link, css_links, html_links, locate, place_of
from content_packs.names import twin_key
from content_packs.source import Finding, PackSource, Severity, SourceFile
from content_packs.text.html import MAX_HTML_BYTES

HTML_SUFFIXES = (".html", ".htm", ".xhtml")
INDEX_PAGE = "index.html"
_MAX_NAMES = 300  # names that a hint is looked for among: difflib is slow
_MAX_FINDINGS = 500  # nobody reads more; the rest is counted
_LOADED = {
    "script": "a script",
    "style": "a style sheet",
    "media": "a picture or a recording",
    "page": "a page",
}


class Tree:
    """The files of a pack, looked up as a browser would, and as a person who mistyped would."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.files = frozenset(paths)
        self._twins = {twin_key(path): path for path in self.files}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_folder: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.files):
            folder, _, name = path.rpartition("/")
            self._by_name[name].append(path)
            self._by_folder[folder].append(path)
        self._folders = {parent for folder in self._by_folder for parent in _parents(folder)}

    def find(self, path: str) -> str | None:
        """Return the file that a normalised path opens: itself or the index page of a folder."""
        if path in self.files:
            return path
        index = posixpath.join(path, INDEX_PAGE) if path not in ("", ".") else INDEX_PAGE
        return index if index in self.files else None

    def close_twin(self, path: str) -> str | None:
        """Return the file that a disk which folds case and Unicode forms would open."""
        return self._twins.get(twin_key(path))

    def explain(self, path: str) -> tuple[str, str, str]:
        """Return what is wrong with a path that opens nothing: a code, words, and a hint."""
        if twin := self._twins.get(twin_key(path)):
            what = "case" if twin.casefold() == path.casefold() else "Unicode form"
            return (
                "twin-link",
                f"differs in {what} from {twin!r}",
                "Windows hides the difference; the hub does not.",
            )
        if path in self._folders or path == ".":
            return "folder-link", f"is a folder without {INDEX_PAGE}", "Link to a page in it."
        if close := self.close_to(path):
            return "broken-link", "does not exist", f"Did you mean {close!r}?"
        return "broken-link", "does not exist", "Add the file or take the link out."

    def close_to(self, path: str) -> str | None:
        """Return the file that was probably meant, if one is close."""
        folder, _, name = path.rpartition("/")
        if elsewhere := self._by_name.get(name):
            return elsewhere[0]
        near = self._by_folder.get(folder, [])[:_MAX_NAMES]
        return next(iter(difflib.get_close_matches(path, near, n=1, cutoff=0.75)), None)


def _parents(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]


@dataclass(frozen=True, slots=True)
class _Problem:
    file: SourceFile
    link: Link
    target: str  # what several pages may share
    message: str
    hint: str
    severity: Severity
    code: str


def check_links(source: PackSource, entry: str) -> Iterator[Finding]:
    """Yield what is wrong with the links of every page and style sheet.

    A broken link is an error. Two things are only warnings: what is loaded from the Internet, and a script or
    style that is missing on a page no link leads to: books of many hands carry such left-overs along.
    """
    tree = Tree(file.path for file in source.files)
    problems: list[_Problem] = []
    leads_to: dict[str, set[str]] = {}
    for file in source.files:
        if links := read_links(file):
            leads_to[file.path] = set()
            for link in links:
                found = _examine(file, link, tree)
                if isinstance(found, str):
                    leads_to[file.path].add(found)
                elif found is not None:
                    problems.append(found)
    yield from _report(source, problems, _reachable(entry, leads_to))


def read_links(file: SourceFile) -> list[Link]:
    """Return the links of a page or style sheet; none of any other file."""
    suffix = posixpath.splitext(file.path)[1].lower()
    if suffix in HTML_SUFFIXES:
        return html_links(_read(file))
    return css_links(_read(file)) if suffix == ".css" else []


def _read(file: SourceFile) -> bytes:
    with file.location.open("rb") as opened:
        return opened.read(MAX_HTML_BYTES)


def _examine(file: SourceFile, link: Link, tree: Tree) -> str | _Problem | None:
    """Return the file that a link opens, or what is wrong with it, or None where it is none of ours."""
    where, path = place_of(file.path, link.address)

    def problem(code: str, message: str, hint: str, severity: Severity = "error") -> _Problem:
        said = f"{link.target!r:.200} {message}"
        return _Problem(file, link, path or link.address, said, hint, severity, code)

    if where == "internet" and link.loaded:
        what = _LOADED[link.role]
        hint = "Learners have none: put it into the pack."
        return problem("internet-link", f"is {what} from the Internet", hint, "warning")
    if where == "computer":
        hint = "Put it into the pack and link to it there."
        return problem("computer-link", "is a file of your own computer", hint)
    if where != "inside":
        return None
    if path.startswith("/"):
        return problem("absolute-link", "starts with '/'", _relative_hint(file.path, path, tree))
    path = posixpath.normpath(path)
    if path == ".." or path.startswith("../"):
        return problem("outward-link", "leads out of the pack", "Link only to files of the pack.")
    return tree.find(path) or problem(*tree.explain(path))


def _relative_hint(page: str, path: str, tree: Tree) -> str:
    if found := tree.find(posixpath.normpath(path.lstrip("/"))):
        return (
            f"Write {posixpath.relpath(found, posixpath.dirname(page) or '.')!r}: a pack is not a whole site."
        )
    return "Write the path from this page: a pack is not a whole site."


def _reachable(entry: str, leads_to: Mapping[str, set[str]]) -> set[str]:
    seen = {entry}
    todo = [entry]
    while todo:
        new = leads_to.get(todo.pop(), set()) - seen
        seen |= new
        todo.extend(new)
    return seen


def _report(source: PackSource, problems: list[_Problem], reachable: set[str]) -> Iterator[Finding]:
    errors: list[_Problem] = []
    warnings: dict[tuple[str, str], list[_Problem]] = defaultdict(list)
    for problem in problems:
        left_over = problem.link.role in ("script", "style") and problem.file.path not in reachable
        if problem.severity == "warning" or left_over:
            warnings[problem.target, problem.link.role].append(problem)
        else:
            errors.append(problem)
    for problem in errors[:_MAX_FINDINGS]:
        yield _finding(source, problem, "error")
    if len(errors) > _MAX_FINDINGS:
        yield Finding(
            source.place("."), f"{len(errors) - _MAX_FINDINGS} more links are broken", code="broken-link"
        )
    for same in list(warnings.values())[:_MAX_FINDINGS]:
        yield _finding(
            source, same[0], "warning", f" (and on {len(same) - 1} more pages)" if same[1:] else ""
        )


def _finding(source: PackSource, problem: _Problem, severity: Severity, more: str = "") -> Finding:
    line = locate(_read(problem.file), problem.link)
    place, message = source.place(problem.file.path), problem.message + more
    return Finding(place, message, problem.hint, line, severity, problem.code)

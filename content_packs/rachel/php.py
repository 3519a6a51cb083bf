"""The index fragment of a RACHEL module as plain HTML: PHP is read as text and taken out."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_PHP = re.compile(r"<\?(?:php\b|=|(?!xml))(.*?)(?:\?>|\Z)", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # to the end where nothing closes it, as browsers do
# `$dir` is the module's folder as the home page sees it; `$moddir` its name below `modules/`.
_FOLDER = re.compile(
    r"""^\s*(?:echo|print)?\s*\(?\s*["']?\{?\$(dir|moddir|mod_dir|module_dir)\}?["']?\s*\)?\s*;?\s*$""",
    re.IGNORECASE,
)
_INCLUDE = re.compile(r"""\b(?:include|require)(?:_once)?\s*\(?\s*["']([^"']{1,200})["']""")
_SHOWN = 60


@dataclass(slots=True)
class Plain:
    """A fragment without PHP, and what was done to it, in words."""

    text: str
    notes: list[str] = field(default_factory=list)


def strip_php(text: str, read_include: Callable[[str], str | None], *, depth: int = 3) -> Plain:
    """Return the fragment with `$dir` made the module's own folder, what it includes put in, other PHP out.

    `read_include` gives the text of a file of the module, or None; files include files `depth` deep.
    """
    plain = Plain("")

    def replace(found: re.Match[str]) -> str:
        code = found[1]
        if _FOLDER.match(code):
            return "."
        if (include := _INCLUDE.search(code)) is not None:
            inner = read_include(include[1]) if depth else None
            if inner is not None:
                made = strip_php(inner, read_include, depth=depth - 1)
                plain.notes += [f"put in {include[1]!r}, which it includes", *made.notes]
                return made.text
            plain.notes.append(f"left out {include[1]!r}, which it includes: not a file of the module")
            return ""
        if code.strip():
            plain.notes.append(f"took out PHP that would compute something: {_short(code)}")
        return ""

    plain.text = _PHP.sub(replace, _COMMENT.sub("", text))
    return plain


def _short(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"

"""One thing that somebody in the office should know of a school: a value. Texts are English msgids."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from content_packs.console import size_text

Level = Literal["urgent", "soon", "info"]
LEVELS: tuple[Level, ...] = ("urgent", "soon", "info")  # the worst first
Value = str | int | float
SUBJECTS: Mapping[str, str] = {  # of which value of an alert its versions are
    "needs-space": "packs",
    "pack-fails": "pack",
    "update-failed": "name",
}
_HOUR_S, _DAY_S = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Alert:
    """What is so, since when, and what to do.

    `values` fill the places `%(name)s` of both texts. Names that end in `_bytes`, `_at` and `_s` hold plain
    bytes, times (ISO 8601) and seconds: a page writes them in its own language, `said` writes English.
    """

    code: str
    level: Level
    text: str
    values: Mapping[str, Value] = field(default_factory=dict)
    hint: str = ""
    since: str = ""  # ISO 8601; empty: not known

    @property
    def subjects(self) -> tuple[str, ...]:
        """The versions that it is about: a school may have one trouble with several. Else an empty word."""
        return tuple(str(self.values[SUBJECTS[self.code]]).split(", ")) if self.code in SUBJECTS else ("",)

    @property
    def said(self) -> str:
        """What is so, in English."""
        return self.text % worded(self.values)

    @property
    def advice(self) -> str:
        """What to do, in English; empty where nothing needs doing."""
        return self.hint % worded(self.values)


def worded(values: Mapping[str, Value]) -> dict[str, str]:
    """Return values as English text, by what their names end in."""
    return {name: _worded(name, value) for name, value in values.items()}


def _worded(name: str, value: Value) -> str:
    for ending, write in _WORDS.items():
        if name.endswith(ending):
            return write(value)
    return str(value)


def span_text(seconds: float) -> str:
    """Return a span as people read it: `3 d`, `5 h`, `20 min`."""
    if seconds >= 2 * _DAY_S:
        return f"{seconds / _DAY_S:.0f} d"
    return f"{seconds / _HOUR_S:.0f} h" if seconds >= _HOUR_S else f"{seconds / 60:.0f} min"


_WORDS: Mapping[str, Callable[[Value], str]] = {
    "_bytes": lambda value: size_text(float(value)),
    "_at": lambda value: str(value)[:16].replace("T", " "),
    "_s": lambda value: span_text(float(value)),
}

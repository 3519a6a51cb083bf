"""Text that a person reads, marked where it is written and translated where it is shown."""

from collections.abc import Mapping
from datetime import datetime

from content_packs.console import size_text
from hub.uplink.words import span_text


def later(text: str) -> str:
    """Return `text` as it is; the message catalogues collect it, pages translate it, the CLI prints it."""
    return text


class Local(str):
    """A time in ISO 8601, to be filled into a text as this machine's own time."""

    def __str__(self) -> str:
        return local_text(datetime.fromisoformat(self[:]))


def local_text(moment: datetime) -> str:
    """Return a time as this machine's own, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


class Size(int):
    """Bytes, to be filled into a text: English here, pages write it in their own language."""

    def __str__(self) -> str:
        return size_text(int(self))


class Packs(int):
    """A number of packs, to be filled into a text: English here, pages write it in their own language."""

    def __str__(self) -> str:
        return "1 pack" if self == 1 else f"{int(self)} packs"


class Span(float):
    """Seconds, to be filled into a text: English here, pages write it in their own language."""

    def __str__(self) -> str:
        return span_text(float(self))


def typed(values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of a file as what their names say: sizes as `…_bytes`, times as `…_at`."""
    return {name: _typed(name, value) for name, value in values.items()}


def _typed(name: str, value: object) -> object:
    if name.endswith("_bytes") and isinstance(value, int):
        return Size(value)
    return Local(value) if name.endswith("_at") and isinstance(value, str) else value

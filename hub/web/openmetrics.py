"""The text format of OpenMetrics 1.0 (https://openmetrics.io): numbers with names, units and labels. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_SUFFIXES = {"counter": "_total", "info": "_info"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One number, told from the others of its family by its labels."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Family:
    """Numbers of one name. `name` ends with the unit where there is one, and never with `_total`."""

    name: str
    help: str
    samples: tuple[Sample, ...]
    unit: str = ""
    type: str = "gauge"


def gauge(name: str, help_text: str, value: float, *, unit: str = "", **labels: str) -> Family:
    """Return a family of one number that goes up and down."""
    return Family(name, help_text, (Sample(value, labels),), unit)


def render(families: Iterable[Family]) -> str:
    """Return the text; a family without a number is left out."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines.extend(_lines(family))
    return "\n".join([*lines, "# EOF", ""])


def _lines(family: Family) -> Iterable[str]:
    yield f"# TYPE {family.name} {family.type}"
    if family.unit:
        yield f"# UNIT {family.name} {family.unit}"
    yield f"# HELP {family.name} {_escape(family.help)}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escape(value)}"' for name, value in sample.labels.items())
        name = family.name + _SUFFIXES.get(family.type, "")
        yield f"{name}{{{labels}}} {sample.value}" if labels else f"{name} {sample.value}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

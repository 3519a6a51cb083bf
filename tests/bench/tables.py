"""What was measured, as rows: for people a plain table, for programs JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["B", "s", "B/s", "1/s", "%", "1"]


@dataclass(frozen=True, slots=True)
class Goal:
    """What `ours` has to reach: GOALS.md's own words, and the number that they make in this run."""

    text: str
    limit: float
    at_least: bool = False

    def is_met(self, ours: float) -> bool:
        """Tell whether `ours` reaches it."""
        return ours >= self.limit if self.at_least else ours <= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison; without a peer, or without a goal, where there is none. `ours` None: not measured."""

    case: str
    measure: str
    unit: Unit
    ours: float | None
    peer: str = ""
    theirs: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """Ours ÷ theirs."""
        return self.ours / self.theirs if self.theirs and self.ours is not None else None

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is reached; None where there is none, or nothing was measured."""
        return None if self.goal is None or self.ours is None else self.goal.is_met(self.ours)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return asdict(self) | {"ratio": self.ratio, "goal_met": self.is_met}


@dataclass(frozen=True, slots=True)
class Table:
    """One of the bench's tables; `notes` say how it was measured, `samples` hold every number behind it."""

    title: str
    rows: Sequence[Row]
    notes: Sequence[str]
    samples: Sequence[dict[str, Any]]
    versions: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the table as JSON has it."""
        return {
            "title": self.title,
            "rows": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
            "samples": list(self.samples),
            "versions": self.versions,
        }

    def to_text(self) -> str:
        """Return the table for people."""
        lines = [self.title, "=" * len(self.title)]
        head = ("case", "measure", "ours", "peer", "theirs", "ours/peer", "goal", "limit", "met")
        lines += _columns([head, *(_cells(row) for row in self.rows)])
        if self.samples:
            lines += ["", *_columns(_sample_cells(self.samples))]
        lines += ["", *(f"- {text}" for text in self.notes)]
        versions = "; ".join(f"{name}: {version}" for name, version in self.versions.items())
        return "\n".join([*lines, f"- versions: {versions}", ""])


def shown(value: float, unit: Unit) -> str:
    """Return a number with its unit, in as many digits as mean something."""
    match unit:
        case "B":
            return f"{value:,.0f} B"
        case "s":
            return f"{value:.2f} s"
        case "B/s":
            return f"{value / 1e6:,.1f} MB/s"
        case "1/s":
            return f"{value:,.0f}/s" if value >= 100 else f"{value:.1f}/s"
        case "%":
            return f"{value:.0f} %"
        case "1":
            return f"{value:.2f}"


def _cells(row: Row) -> tuple[str, ...]:
    goal = row.goal
    return (
        row.case,
        row.measure,
        "not measured" if row.ours is None else shown(row.ours, row.unit),
        row.peer or "-",
        "-" if row.theirs is None else shown(row.theirs, row.unit),
        "-" if row.ratio is None else f"{row.ratio:.3f}",
        goal.text if goal else "-",
        shown(goal.limit, row.unit) if goal else "-",
        {None: "-", True: "yes", False: "NO"}[row.is_met],
    )


def _sample_cells(samples: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    names = list(dict.fromkeys(name for sample in samples for name in sample))
    rows = [tuple(_plain(sample.get(name)) for name in names) for sample in samples]
    return [tuple(names), *rows]


def _plain(value: object) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    )


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines, the columns as wide as their widest cell; numbers stand to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(_aligned(cell, width) for cell, width in zip(row, widths, strict=True)) for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return [line.rstrip() for line in lines]


def _aligned(cell: str, width: int) -> str:
    return (
        cell.rjust(width)
        if (cell[:1].isdigit() and not cell[-1:].isalpha()) or cell.endswith(_UNITS)
        else cell.ljust(width)
    )


_UNITS = (" B", " s", "B/s", "/s", " %")

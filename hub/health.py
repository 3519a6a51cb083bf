"""How a hub is, as a value: what was looked at, how bad it is, what to do. In English; pages translate it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import Any

FORMAT = 1
_PUBLIC_SYNC = ("started_at", "finished_at", "result", "received_bytes", "installed")
_PUBLIC_NETWORK = ("mode", "ssid", "channel", "internet")
_PUBLIC_SERVICE = ("port", "content_port", "zip_port", "up")


class Level(IntEnum):
    """How bad it is; a person has to act from ATTENTION on."""

    GOOD = 0
    NOTE = 1
    ATTENTION = 2
    BROKEN = 3

    @property
    def word(self) -> str:
        """The level as one word, for JSON and the terminal."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    `values` fill the places `%(name)s` of the two texts. `public` stands in for those of them that are only
    for the person at the hub: addresses, accounts, the text of an error.
    """

    code: str
    level: Level
    message: str
    hint: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    public: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """What was found, in English."""
        return self.message % self.values

    @property
    def advice(self) -> str:
        """What to do, in English; empty where nothing needs doing."""
        return (self.hint % self.values).strip()

    def for_everybody(self) -> "Check":
        """Return the check as every learner may read it."""
        return replace(self, values={**self.values, **self.public})


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that was looked at, the worst first. `facts` and the JSON: docs/reference/json.md."""

    hub_id: str
    name: str
    taken_at: datetime
    facts: Mapping[str, Any]
    checks: tuple[Check, ...]

    @property
    def level(self) -> Level:
        """The worst level of all checks."""
        return max((check.level for check in self.checks), default=Level.GOOD)

    def for_everybody(self) -> "Status":
        """Return what every learner may read: no depot, account, host, process or text of an error."""
        facts = dict(self.facts)
        facts["last_sync"] = _only(_PUBLIC_SYNC, facts["last_sync"])
        facts["services"] = {name: _only(_PUBLIC_SERVICE, said) for name, said in facts["services"].items()}
        facts["network"] = _public_network(facts["network"])
        return replace(self, facts=facts, checks=tuple(check.for_everybody() for check in self.checks))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON of `hub status --json`."""
        return {
            "format": FORMAT,
            "hub_id": self.hub_id,
            "name": self.name,
            "taken_at": self.taken_at.isoformat(timespec="seconds"),
            "level": self.level.word,
            **self.facts,
            "checks": [
                {"code": c.code, "level": c.level.word, "message": c.text, "hint": c.advice}
                for c in self.checks
            ],
        }

    def to_text(self) -> str:
        """Return lines for a terminal, the worst check first."""
        lines = [f"{self.hub_id}: {self.level.word}"]
        for check in self.checks:
            lines.append(f"  {check.level.word:10} {check.text}")
            lines += [f"  {'':10} next: {check.advice}"] if check.advice else []
        return "\n".join(lines)


def _only(names: tuple[str, ...], values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: values[name] for name in names if name in values}


def _public_network(network: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Leave out addresses, and of the devices all but their number."""
    public = _only(_PUBLIC_NETWORK, network)
    if network is None or public is None:
        return None
    return public | {"stations": _only(("count", "limit"), network.get("stations"))}

"""Rules between fields, as data: the page docs/hub-config.html applies the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Condition:
    """`key` is one of these values, begins with one of them, or is filled at all."""

    key: str
    test: str  # in, starts or filled
    words: tuple[str, ...] = ()

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether it is so; a missing value counts as empty."""
        value = values.get(self.key) or ""
        if self.test == "in":
            return value in self.words
        if self.test == "starts":
            return isinstance(value, str) and value.startswith(self.words)
        return bool(value)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `when` holds, `then` must; else the finding `code`, at the line of `at`."""

    code: str
    when: Condition
    then: Condition
    at: str


_ADDRESS = Condition("central.address", "filled")
RULES: tuple[Rule, ...] = (
    Rule(
        "ssid-needed",
        Condition("wifi.mode", "in", ("builtin",)),
        Condition("wifi.ssid", "filled"),
        "wifi.ssid",
    ),
    Rule(
        "uplink-ssid-needed",
        Condition("uplink.kind", "in", ("wifi",)),
        Condition("uplink.ssid", "filled"),
        "uplink.ssid",
    ),
    Rule(
        "socket-taken",
        Condition("wifi.mode", "in", ("external-ap",)),
        Condition("uplink.kind", "in", ("none", "usb", "wifi")),
        "uplink.kind",
    ),
    Rule(
        "no-uplink",
        Condition("student_internet", "in", ("filtered",)),
        Condition("uplink.kind", "in", ("ethernet", "usb", "wifi")),
        "student_internet",
    ),
    Rule(
        "host-keys-needed",
        Condition("central.address", "starts", ("sftp://",)),
        Condition("central.host_keys", "filled"),
        "central.address",
    ),
    Rule("root-needed", _ADDRESS, Condition("central.root", "filled"), "central.address"),
    Rule("address-needed", Condition("central.host_keys", "filled"), _ADDRESS, "central.host_keys"),
    Rule("address-needed", Condition("central.root", "filled"), _ADDRESS, "central.root"),
    Rule("address-needed", Condition("central.enrol_token", "filled"), _ADDRESS, "central.enrol_token"),
    Rule(
        "hub-id-needed",
        Condition("central.enrol_token", "filled"),
        Condition("central.hub_id", "filled"),
        "central.enrol_token",
    ),
)


def list_broken(values: Mapping[str, Any]) -> list[Rule]:
    """Return the rules that these values break; each code once."""
    broken = [rule for rule in RULES if rule.when.holds(values) and not rule.then.holds(values)]
    return list({rule.code: rule for rule in reversed(broken)}.values())[::-1]

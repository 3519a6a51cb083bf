"""`hub filter`: which filter is in use, and what it does to a name."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from content_packs.console import print_json
from content_packs.errors import UsageError
from hub.cli.options import json_option, with_hub
from hub.network.explain import Explanation, Facts, explain, plain, read_facts
from hub.network.paths import NetworkPaths
from hub.settings import HubPaths
from hub.uplink.limits import Moment

_RULES = {
    "always": "always blocked",
    "lesson": "blocked in lessons",
    "allow": "left open below a blocked name",
    "safe-search": "a search machine in its strict mode",
}
_VERDICTS = {
    "hub": "the hub's own name",
    "local": "no such name: names of one word and those below .lan are of this network only",
    "canary": "answered with “no such name”, so that programs use the hub's DNS",
    "doh": "answered with “no such name”: it would lead around the filter",
    "no-internet": "leads to the hub: learners have no Internet here (student_internet is off)",
    "no-filter": "leads to the hub: no filter has come yet, so nobody goes out",
    "blocked": "blocked",
    "allowed": "open: left open by the filter",
    "safe-search": "open, in its strict mode",
    "open": "open: no rule names it",
}


@click.group("filter")
def filter_command() -> None:
    """What learners can open where they may use the Internet."""


@filter_command.command("show")
@json_option
@with_hub
def show(paths: HubPaths, as_json: bool) -> None:
    """Say which filter is in use, and which of its rules count now."""
    facts = _facts(paths, None)
    used = facts.used
    values = {
        "format": 1,
        **{name: getattr(used, name) for name in ("pack_id", "version", "domains", "lesson", "allowed")},
        "lesson_time": used.lesson_time,
        "in_lesson": used.is_lesson(facts.moment),
        "clock_known": facts.moment.is_known,
        "strict_search": used.strict_search,
        "categories": list(used.categories),
        "refused": used.refused,
        "refused_version": used.refused_version,
        "policy": facts.policy or None,
        "open": facts.is_open,
    }
    if as_json:
        print_json(values)
        return
    for line in _status_lines(facts):
        click.echo(line)


@filter_command.command("explain")
@click.argument("name", metavar="NAME")
@click.option(
    "--at",
    metavar="TIME",
    help="What it will be then: 09:30, or 2026-11-27T09:30, by the clock of the school.",
)
@json_option
@with_hub
def explain_command(paths: HubPaths, name: str, at: str | None, as_json: bool) -> None:
    """Say what happens to NAME when a learner asks for it, by which rule, and until when."""
    wanted, facts = plain(name), _facts(paths, at)
    found = explain(wanted, facts, NetworkPaths.beside(paths))
    if as_json:
        about = {"pack_id": facts.used.pack_id, "version": facts.used.version, "policy": facts.policy or None}
        print_json({"format": 1, **found.to_dict(), **about, "open": facts.is_open})
        return
    for line in explain_lines(found, facts):
        click.echo(line)


def _facts(paths: HubPaths, at: str | None) -> Facts:
    from hub.clock import hub_moment
    from hub.network.change import read_hub_settings

    facts = read_facts(paths, NetworkPaths.beside(paths), read_hub_settings(paths), hub_moment(paths.trust))
    return facts if at is None else replace(facts, moment=Moment(_parse_time(at, facts.moment.local)))


def _parse_time(text: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(f"{now:%Y-%m-%d}T{text:0>5}" if len(text) <= len("09:30") else text)
    except ValueError as error:
        raise UsageError(
            f"--at {text}: expected a time", hint="For example --at 09:30, or --at 2026-11-27T09:30."
        ) from error
    return found.astimezone().replace(tzinfo=None) if found.tzinfo else found


def explain_lines(found: Explanation, facts: Facts) -> list[str]:
    """Return an explanation for a person."""
    lines = [f"{found.name}: {_VERDICTS[found.verdict]}"]
    if found.rule:
        category = f", category {found.category}" if found.category else ""
        by = "" if found.listed == found.name else f", as all below {found.listed} is"
        lines.append(f"  rule:   {_RULES[found.rule]}{category}{by}")
    if found.lesson_rule:
        lines.append(f"  lesson: blocked in lessons{_from(found.until)}")
    elif found.until is not None:
        lines.append(f"  until:  {found.until:%Y-%m-%d %H:%M}")
    if found.in_lesson and not found.clock_known and found.rule == "lesson":
        lines.append("  clock:  the hub does not know the time, so lesson rules count all day")
    if found.answer:
        lines.append(f"  answer: {found.answer}")
    if facts.used.is_there:
        lines.append(f"  filter: {facts.used.pack_id} version {facts.used.version}")
    return [*lines, *_network_lines(facts)]


def _from(until: datetime | None) -> str:
    return f", from {until:%Y-%m-%d %H:%M}" if until else ""


def _network_lines(facts: Facts) -> list[str]:
    if not facts.policy:
        return ["  note:   nobody keeps a network on this machine: this is what the filter says"]
    if facts.policy == "filtered" and not facts.is_open:
        return ["  note:   there is no way out just now, so every name leads to the hub"]
    return []


def _status_lines(facts: Facts) -> list[str]:
    used = facts.used
    if not used.is_there:
        refused = [f"refused: {used.refused}"] if used.refused else []
        return ["No filter has come yet.", *refused, *_network_lines(facts)]
    lines = [f"{used.pack_id} version {used.version}: {used.domains} domains always blocked"]
    if used.lesson:
        now = "now" if used.is_lesson(facts.moment) else "not now"
        lines.append(f"in lessons ({used.lesson_time}; {now}): {used.lesson} more")
    if used.allowed:
        lines.append(f"left open below blocked names: {used.allowed}")
    lines += [_category_line(entry) for entry in used.categories]
    lines.append(f"search machines in their strict mode: {'yes' if used.strict_search else 'no'}")
    if used.refused:
        lines.append(f"refused: {used.refused}")
    return lines + _network_lines(facts)


def _category_line(entry: Any) -> str:  # noqa: ANN401 - as the index had it
    return f"  {entry['category']}: {entry['always']} always, {entry['lesson']} in lessons"

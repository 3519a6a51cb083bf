"""`central filter appeals | answer`: what schools ask to have opened."""

from dataclasses import asdict
from typing import Any

import click

from content_packs import console
from content_packs.console import count_text
from content_packs.errors import UsageError
from provisioning.central.commands.options import (
    dry_run_option,
    json_option,
    minute_text,
    now,
    tell,
    with_office,
)
from provisioning.central.filters import appeals as asking
from provisioning.central.filters.tables import Verdict
from provisioning.central.office import Office
from provisioning.central.release import change


@click.command("appeals")
@click.option("--all", "everything", is_flag=True, help="Those with an answer, too.")
@json_option
@with_office
def appeals(office: Office, everything: bool, as_json: bool) -> None:
    """List the blocked sites that schools ask for, as their reports say."""
    found = [each for each in asking.read_appeals(office) if everything or each.is_open]
    if as_json:
        console.print_json({"format": 1, "appeals": [_asked_to_dict(each) for each in found]})
        return
    for each in found:
        times, hubs = count_text(each.count, "time"), ", ".join(sorted(each.hubs))
        click.echo(f"{each.name}  {', '.join(sorted(each.categories))}  asked {times} by {hubs}")
        for policy in sorted(each.policies):
            answer = each.answers.get(policy)
            said = f"{answer.verdict}, {minute_text(answer.answered_at)}" if answer else "no answer yet"
            click.echo(f"  policy {policy}: {said}")
        for reason in each.reasons:
            click.echo(f"  “{reason}”")
    if not found:
        console.note("no school asks for anything; reports come in by: central ingest")


@click.command("answer")
@click.argument("name", metavar="NAME")
@click.option("--allow", "verdict", flag_value="allow", help="Open it in the packs that are compiled next.")
@click.option("--keep", "verdict", flag_value="keep", help="Keep it blocked; takes an earlier --allow back.")
@click.option(
    "--policy", metavar="POLICY", help="Only there [default: where schools asked, else everywhere]."
)
@dry_run_option
@json_option
@with_office
def answer(
    office: Office, name: str, verdict: Verdict | None, policy: str | None, dry_run: bool, as_json: bool
) -> None:
    """Answer an appeal."""
    if verdict is None:
        raise UsageError("expected either --allow or --keep")
    moment, asked = now(), asking.read_appeals(office)
    chosen: Verdict = verdict
    answers, changes = change(
        *(office, lambda fleet: asking.answer_appeal(fleet, asked, name, chosen, policy=policy, now=moment)),
        doing="filter answer",
        now=moment,
        dry_run=dry_run,
    )
    done = "left open by the next compile" if verdict == "allow" else "stays blocked"
    lines = [f"{name}: {done}, policy {each.policy}" for each in answers]
    tell(lines, {"answers": [asdict(each) for each in answers]}, changes, as_json=as_json, dry_run=dry_run)


def _asked_to_dict(each: asking.Asked) -> dict[str, Any]:
    return {
        "name": each.name,
        "open": each.is_open,
        "count": each.count,
        "hubs": each.hubs,
        "categories": sorted(each.categories),
        "policies": sorted(each.policies),
        "reasons": each.reasons,
        "first_at": each.first_at,
        "last_at": each.last_at,
        "answers": [asdict(answer) for answer in each.answers.values()],
    }

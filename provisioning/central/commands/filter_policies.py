"""`central filter policy`: what the schools of a ring block."""

from dataclasses import asdict
from typing import Any

import click

from content_packs import console
from provisioning.central.commands.options import dry_run_option, json_option, now, tell, with_office
from provisioning.central.filters import policies
from provisioning.central.filters.publishing import rules_text
from provisioning.central.filters.tables import FilterTables, Policy
from provisioning.central.fleet import Fleet, open_fleet
from provisioning.central.office import Office
from provisioning.central.release import change


@click.group("policy")
def policy_group() -> None:
    """Set or remove what schools block; `central filter policies` shows it."""


@click.command("policies")
@json_option
@with_office
def show_policies(office: Office, as_json: bool) -> None:
    """Show what schools block, and which."""
    with open_fleet(office.fleet_db) as fleet:
        found = FilterTables(fleet).list_policies()
        given = [(a.pack_id, f"{a.audience} {a.name}") for a in fleet.list_assignments()]
    users = {policy.name: [who for pack_id, who in given if pack_id == policy.pack_id] for policy in found}
    if as_json:
        listed = [_policy_to_dict(policy) | {"assigned_to": users[policy.name]} for policy in found]
        console.print_json({"format": 1, "policies": listed})
        return
    for policy in found:
        click.echo(f"{policy.name}: {rules_text(policy)}")
        click.echo(f"  pack {policy.pack_id}, for {', '.join(users[policy.name]) or 'nobody yet'}")
    if not found:
        console.note("no policy yet: central filter policy set NAME --block adult,gambling")


@policy_group.command("set")
@click.argument("name", metavar="NAME")
@click.option("--block", metavar="CATEGORIES", default="", help="Blocked always, such as adult,gambling.")
@click.option("--lesson-block", metavar="CATEGORIES", default="", help="Blocked in lessons besides.")
@click.option(
    "--lesson-time",
    metavar="TIMES",
    default="",
    help='When lessons are, by the school\'s clock: "mon-fri 08:30-15:00; sat 09:00-12:00".',
)
@click.option(
    "--safe-search",
    type=click.Choice(("on", "off")),
    default="on",
    show_default=True,
    help="Search machines answer in their strict mode.",
)
@click.option("--allow-list", "allow_lists", metavar="LIST", multiple=True, help="Names that stay open.")
@dry_run_option
@json_option
@with_office
def policy_set(
    office: Office,
    name: str,
    block: str,
    lesson_block: str,
    lesson_time: str,
    safe_search: str,
    allow_lists: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Say what the schools of a policy block. It replaces what was said before, all of it.

    Schools get it by the pack filter-NAME: compile it, then `central assign filter-NAME --ring RING`.
    """
    moment = now()

    def edit(fleet: Fleet) -> Policy:
        return policies.set_policy(
            *(fleet, name),
            block=block,
            lesson_block=lesson_block,
            lesson_time=lesson_time,
            safe_search=safe_search == "on",
            allow_lists=allow_lists,
            now=moment,
        )

    policy, changes = change(office, edit, doing="filter policy", now=moment, dry_run=dry_run)
    lines = [f"{name}: {rules_text(policy)}"]
    tell(lines, {"policy": _policy_to_dict(policy)}, changes, as_json=as_json, dry_run=dry_run)


@policy_group.command("remove")
@click.argument("name", metavar="NAME")
@dry_run_option
@json_option
@with_office
def policy_remove(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """Forget a policy that nobody is given any more."""
    policy, changes = change(
        *(office, lambda fleet: policies.remove_policy(fleet, name)),
        doing="filter policy",
        now=now(),
        dry_run=dry_run,
    )
    done = "would be removed" if dry_run else "removed"
    tell([f"{name}: {done}"], {"policy": _policy_to_dict(policy)}, changes, as_json=as_json, dry_run=dry_run)


def _policy_to_dict(policy: Policy) -> dict[str, Any]:
    return asdict(policy) | {"pack": policy.pack_id}

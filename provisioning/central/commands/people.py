"""`central people`: who may use the dashboard."""

import sys
from dataclasses import replace

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central import people as accounts
from provisioning.central.commands.options import dry_run_option, json_option, minute_text, now, with_office
from provisioning.central.office import Office
from provisioning.central.people import LINK_FOR, ROLES, Person

_role_option = click.option(
    "--role",
    metavar="ROLE",
    required=True,
    help=f"{', '.join(ROLES)}: each may what those before it may.",
)


@click.group()
def people() -> None:
    """Who may use the dashboard: viewers read, publishers publish and assign, admins may everything."""


@people.command("list")
@json_option
@with_office
def list_(office: Office, as_json: bool) -> None:
    """List who may sign in."""
    listed = accounts.list_people(office)
    if as_json:
        console.print_json({"format": 1, "people": [person.to_dict() for person in listed]})
        return
    for person in listed:
        click.echo(f"{person.name}  {person.role}  {_state(person)}")
    if not listed:
        console.note("nobody yet: central people add NAME --role admin")


@people.command()
@click.argument("name")
@_role_option
@click.option(
    "--link", "by_link", is_flag=True, help="Give out a link instead of asking for a password here."
)
@dry_run_option
@json_option
@with_office
def add(office: Office, name: str, role: str, by_link: bool, dry_run: bool, as_json: bool) -> None:
    """Let NAME sign in: asks for a password, or with --link prints a link by which NAME chooses one.

    The link works once, for two days. A password may come from a pipe, as one line; --dry-run asks for none.
    """
    name = accounts.check_new(office, name, role)
    if dry_run:
        person = Person("", name, role, 1, "", "", "", is_ready=not by_link)
        _tell(f"{name}: would be added as {role}", person, as_json=as_json, dry_run=True)
        return
    password = None if by_link else _ask_password(name)
    person = accounts.add_person(office, name, role=role, password=password, now=now())
    path = _link(office, person) if by_link else None
    _tell(f"{person.name}: added as {role}", person, path, as_json=as_json)


@people.command()
@click.argument("name")
@dry_run_option
@json_option
@with_office
def link(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """Give NAME a link that sets a new password, once, within two days."""
    person = accounts.require_person(office, name)
    path = None if dry_run else _link(office, person)
    done = "would be" if dry_run else "was"
    _tell(f"{person.name}: a link {done} made", person, path, as_json=as_json, dry_run=dry_run)


@people.command()
@click.argument("name")
@_role_option
@dry_run_option
@json_option
@with_office
def role(office: Office, name: str, role: str, dry_run: bool, as_json: bool) -> None:
    """Give NAME another role."""
    person = accounts.require_person(office, name)
    accounts.set_role(office, person, role, dry_run=dry_run)
    line = f"{person.name}: would be {role}" if dry_run else f"{person.name}: is {role} now"
    _tell(line, replace(person, role=role), as_json=as_json, dry_run=dry_run)


@people.command()
@click.argument("name")
@dry_run_option
@json_option
@with_office
def remove(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """Let NAME sign in no more, and sign them out."""
    person = accounts.require_person(office, name)
    accounts.remove_person(office, person, dry_run=dry_run)
    done = "would be removed" if dry_run else "removed"
    _tell(f"{person.name}: {done}", person, as_json=as_json, dry_run=dry_run)


@people.command("sign-out")
@click.argument("name")
@dry_run_option
@json_option
@with_office
def sign_out(office: Office, name: str, dry_run: bool, as_json: bool) -> None:
    """End every session of NAME."""
    person = accounts.require_person(office, name)
    if not dry_run:
        accounts.sign_out_everywhere(office, person)
    done = "would be signed out" if dry_run else "signed out"
    _tell(f"{person.name}: {done} everywhere", person, as_json=as_json, dry_run=dry_run)


def _link(office: Office, person: Person) -> str:
    return f"/link/{accounts.make_link(office, person, now=now())}"


def _tell(
    line: str, person: Person, path: str | None = None, *, as_json: bool, dry_run: bool = False
) -> None:
    if as_json:
        console.print_json({"format": 1, "dry_run": dry_run, **person.to_dict(), "link": path})
        return
    if dry_run:
        click.echo("dry run, nothing was changed:")
    click.echo(line)
    if path:
        click.echo(path)
        days = LINK_FOR.days
        console.note(f"put it behind the address of the dashboard; it works once, for {days} days")


def _state(person: Person) -> str:
    if person.link_until:
        return f"has a link until {minute_text(person.link_until)}"
    return f"signed in {minute_text(person.signed_in_at)}" if person.signed_in_at else "never signed in"


def _ask_password(name: str) -> str:
    """Ask for a password twice; from a pipe it is one line."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\n")
        if not line:
            raise UsageError(
                f"{name}: a password is needed, and no line came from the pipe",
                hint="Say --link to let the person choose one.",
            )
        return line
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password

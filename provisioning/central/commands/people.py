"""`central people`: who may use the dashboard."""

import sys

import click

from content_packs import console
from content_packs.errors import UsageError
from provisioning.central import people as accounts
from provisioning.central.commands.options import json_option, minute_text, now, with_office
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
@json_option
@with_office
def add(office: Office, name: str, role: str, by_link: bool, as_json: bool) -> None:
    """Let NAME sign in: asks for a password, or with --link prints a link by which NAME chooses one.

    The link works once, for two days. A password may come from a pipe, as one line.
    """
    accounts.check_name(name)
    accounts.check_role(role)
    password = None if by_link else _ask_password(accounts.check_name(name))
    person = accounts.add_person(office, name, role=role, password=password, now=now())
    path = _link(office, person) if by_link else None
    _tell(f"{person.name}: added as {role}", person, path, as_json=as_json)


@people.command()
@click.argument("name")
@json_option
@with_office
def link(office: Office, name: str, as_json: bool) -> None:
    """Give NAME a link that sets a new password, once, within two days."""
    person = accounts.require_person(office, name)
    _tell(f"{person.name}: a link was made", person, _link(office, person), as_json=as_json)


@people.command()
@click.argument("name")
@_role_option
@json_option
@with_office
def role(office: Office, name: str, role: str, as_json: bool) -> None:
    """Give NAME another role."""
    accounts.set_role(office, accounts.require_person(office, name), role)
    _tell(f"{name}: is {role} now", accounts.require_person(office, name), None, as_json=as_json)


@people.command()
@click.argument("name")
@json_option
@with_office
def remove(office: Office, name: str, as_json: bool) -> None:
    """Let NAME sign in no more, and sign them out."""
    person = accounts.require_person(office, name)
    accounts.remove_person(office, person)
    _tell(f"{person.name}: removed", person, None, as_json=as_json)


@people.command("sign-out")
@click.argument("name")
@json_option
@with_office
def sign_out(office: Office, name: str, as_json: bool) -> None:
    """End every session of NAME."""
    person = accounts.require_person(office, name)
    accounts.sign_out_everywhere(office, person)
    _tell(f"{person.name}: signed out everywhere", person, None, as_json=as_json)


def _link(office: Office, person: Person) -> str:
    return f"/link/{accounts.make_link(office, person, now=now())}"


def _tell(line: str, person: Person, path: str | None, *, as_json: bool) -> None:
    if as_json:
        console.print_json({"format": 1, **person.to_dict(), "link": path})
        return
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

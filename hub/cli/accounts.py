"""`hub accounts`: who may sign in; a new password, a new code for the label. For who is at the hub itself."""

import sys

import click

from content_packs.console import note, print_json
from content_packs.errors import UsageError
from hub.card.places import CardPlaces
from hub.cli.options import json_option, with_hub
from hub.settings import HubPaths, find_dir, read_settings


@click.group("accounts", invoke_without_command=True)
@json_option
@click.option("--dir", "directory", metavar="DIR", help="The hub's state directory [default: $HUB_DIR].")
@click.pass_context
def accounts(context: click.Context, directory: str | None, as_json: bool) -> None:
    """List who may sign in to the portal's pages for the technician, or change that."""
    context.obj = directory or context.obj
    if context.invoked_subcommand is None:
        _list(find_dir(context.obj), as_json=as_json)


def _list(paths: HubPaths, *, as_json: bool) -> None:
    from hub.accounts import list_accounts
    from hub.labelcode import has_label_code

    read_settings(paths)
    found = list_accounts(paths)
    if as_json:
        has_code = has_label_code(paths)
        print_json({"format": 1, "accounts": [one.to_dict() for one in found], "has_label_code": has_code})
        return
    for account in found:
        last = f"{account.signed_in_at:%Y-%m-%d}" if account.signed_in_at else "never"
        click.echo(f"{account.name:20} {account.role:12} last signed in: {last:12} {account.display_name}")
    if not found:
        click.echo("Nobody may sign in yet. Open /start of the portal, or run `hub accounts set technician`.")


@accounts.command("code")
@json_option
@with_hub
def code(paths: HubPaths, as_json: bool) -> None:
    """Make a new code for the hub's label and print it; the one before counts no more.

    Whoever has it can set the first password, and reset one that was forgotten.
    """
    from hub.card.change import change
    from hub.labelcode import write_label_code
    from hub.school.codes import make_label_code

    read_settings(paths)
    made, card = make_label_code(), CardPlaces()
    if paths.dir.resolve() == card.hub.dir:  # at its next start a card goes by its school config
        change(card, {"label_code": made})
    write_label_code(paths, made)
    if as_json:
        print_json({"format": 1, "label_code": made})
        return
    click.echo(made)
    note("Write it on the hub's label: it is shown only now.")


@accounts.command("set")
@click.argument("name", metavar="NAME")
@click.option("--role", metavar="ROLE", help="technician or admin [default: as it is; technician if new].")
@click.option("--display-name", metavar="TEXT", default="", help="First and last name.")
@with_hub
def set_one(paths: HubPaths, name: str, role: str | None, display_name: str) -> None:
    """Give NAME a new password, typed here or read from standard input; add NAME where there is none."""
    from hub.accounts import add_account, check_name, find_by_name, set_password

    read_settings(paths)
    name = check_name(name)
    known = find_by_name(paths, name)
    if known is not None and role not in (None, known.role):
        raise UsageError(
            f"account {name}: is {known.role}, and a role does not change",
            hint=f"Run `hub accounts remove {name}` first, or leave out --role.",
        )
    password = _read_password()
    if known is None:
        made = add_account(paths, name, password, role=role or "technician", display_name=display_name)
        note(f"{made.name} may sign in as {made.role}")
    else:
        set_password(paths, known, password)
        note(f"{name} has a new password, and is signed out everywhere")


@accounts.command("remove")
@click.argument("name", metavar="NAME")
@with_hub
def remove(paths: HubPaths, name: str) -> None:
    """Let NAME sign in no more. Without any account the portal waits for its first start again."""
    from hub.accounts import find_by_name, remove_account

    read_settings(paths)
    known = find_by_name(paths, name)
    if known is None:
        raise UsageError(f"account {name[:40]}: there is none", hint="`hub accounts` lists them.")
    remove_account(paths, known)
    note(f"{known.name} may sign in no more")


def _read_password() -> str:
    if sys.stdin.isatty():
        typed: str = click.prompt("New password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")

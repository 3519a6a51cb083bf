"""Write docs/reference from the code, or with --check say which page is not current."""

import argparse
import dataclasses
import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from content_packs import errors
from hub import settings
from hub.school.fields import FIELDS
from tools.config_page import render_page

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
COMMANDS = {
    "packs": "content_packs.cli",
    "central": "provisioning.central.cli",
    "hub": "hub.cli",
    "hub-image": "provisioning.cards.cli",
}
_HEADER = "<!-- Written by `make docs` from {source}. Do not edit. -->\n\n"
_FIELD = re.compile(
    r"^    (?P<name>\w+): (?P<type>\w+)(?: = [^#]*)?(?: *# (?:noqa: \w+ - )?(?P<meaning>.*))?$"
)
_FORGIVING = """\
An unknown key is left aside, and a value that cannot be used leaves its setting at the default: `hub status`
names both. Only a file that is not TOML, or lacks a usable `hub_id` or `depot_url`, stops the commands."""
_TYPES = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
_EXIT_NAMES = {
    os.EX_SOFTWARE: "a fault of ours",
    os.EX_TEMPFAIL: "try again later",
    os.EX_DATAERR: "bad data",
    os.EX_NOPERM: "identity refused",
    os.EX_IOERR: "this machine",
    os.EX_USAGE: "usage",
}


def commands_page() -> str:
    """Return the help of every command of the three programs."""
    page = _HEADER.format(source="the commands' own --help") + "# Commands\n"
    for program, module in COMMANDS.items():
        group = importlib.import_module(module).cli
        page += "".join(_command_sections(group, program, program_context(group, program)))
    return page


def program_context(group: click.Group, program: str) -> click.Context:
    """Return the context that the program itself runs in; those of its commands inherit its help options."""
    return click.Context(group, info_name=program, **group.context_settings)


def _command_sections(command: click.Command, path: str, context: click.Context) -> Iterator[str]:
    context.terminal_width = context.max_content_width = 100
    level = "##" if context.parent is None else "###"
    yield f"\n{level} `{path}`\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                child_context = click.Context(child, parent=context, info_name=name)
                yield from _command_sections(child, f"{path} {name}", child_context)


def settings_page() -> str:
    """Return the fields of hub.toml: type, default and meaning, as the settings module has them."""
    page = _HEADER.format(source="hub/settings.py")
    page += f"# Settings of a hub: `hub.toml`\n\n{_FORGIVING}\n"
    page += _settings_table("At the top", settings.HubSettings)
    for name, section in _sections().items():
        page += _settings_table(f"`[{name}]`: {_first_line(section)}", section)
    return page


def _sections() -> dict[str, type]:
    found: dict[str, type] = {}
    for field in dataclasses.fields(settings.HubSettings):
        if isinstance(field.default_factory, type):
            found[field.name] = field.default_factory
    return found


def _settings_table(title: str, section: type) -> str:
    rows = "".join(_setting_rows(section))
    return f"\n## {title}\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n{rows}"


def _setting_rows(section: type) -> Iterator[str]:
    fields = {field.name: field for field in dataclasses.fields(section)}
    for line in inspect.getsource(section).splitlines():
        found = _FIELD.match(line)
        if found is None or found["type"] not in _TYPES:
            continue
        field = fields[found["name"]]
        default = "required" if field.default is dataclasses.MISSING else f"`{_toml(field.default)}`"
        kind = _TYPES[found["type"]] + _limits(field.metadata)
        yield f"| `{found['name']}` | {kind} | {default} | {found['meaning'] or ''} |\n"


def _limits(metadata: Mapping[str, Any]) -> str:
    return f", {metadata['least']:g} to {metadata['most']:.15g}" if "least" in metadata else ""


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def errors_page() -> str:
    """Return every error code with its exit code and what it says."""
    page = _HEADER.format(source="content_packs/errors.py")
    page += (
        "# Errors\n\nA failed command prints `error [code]: what is wrong` and `next: what to do`, and ends\n"
    )
    page += "with the exit code of its kind. 0 is done; 130 is stopped by Ctrl-C.\n\n"
    page += "| Code | Exit code | Meaning |\n|---|---|---|\n"
    for error in _tree(errors.Error):
        kind = f"{error.exit_code} {_EXIT_NAMES[error.exit_code]}"
        page += f"| `{error.code}` | {kind} | {_first_line(error)} |\n"
    return page


def _tree(error: type[errors.Error]) -> Iterator[type[errors.Error]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def school_config_page() -> str:
    """Return every key of hub-config.txt."""
    page = _HEADER.format(source="hub/school/fields.py")
    page += "# hub-config.txt\n\nHow it is read: [school-config-v1.md](../format/school-config-v1.md).\n\n"
    page += "| key | default | write | meaning |\n|---|---|---|---|\n"
    for field in FIELDS:
        default = "" if field.default in ("", ()) else f"`{field.default}`"
        need = "needed" if field.required and not default else default
        secret = " Secret: taken off the card." if field.secret else ""
        meaning = " ".join(field.help["en"].split()) + secret
        page += f"| `{field.key}` | {need} | {field.expects['en']} | {meaning} |\n"
    return page


def _first_line(documented: type) -> str:
    return (inspect.getdoc(documented) or "").splitlines()[0]


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "school-config.md": school_config_page,
    "../hub-config.html": render_page,
}


def stale_pages() -> list[str]:
    """Return the names of the pages that the code has left behind."""
    return [name for name, page in PAGES.items() if _read(REFERENCE / name) != page()]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    """Write the pages; with --check only name the stale ones and return 1 where there are any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where a page is not current"
    )
    if parser.parse_args().check:
        stale = stale_pages()
        for name in stale:
            print(f"docs/reference/{name} is not current; next: make docs", file=sys.stderr)
        return 1 if stale else 0
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Options that several commands of `hub` share."""

from collections.abc import Callable
from functools import update_wrapper
from typing import TypeVar

import click

from hub.settings import find_dir

R = TypeVar("R")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document (docs/reference/json.md)."
)

no_index_option = click.option(
    "--no-index", is_flag=True, help="Leave it to `hub serve` to read what is new for the search."
)


def with_hub(function: Callable[..., R]) -> Callable[..., R]:
    """Give the command HubPaths as its first argument: from its own --dir, the group's, else $HUB_DIR."""

    def command(context: click.Context, /, directory: str | None, **values: object) -> R:
        return function(find_dir(directory or context.obj), **values)

    option = click.option(
        "--dir", "directory", metavar="DIR", help="The hub's state directory [default: $HUB_DIR]."
    )
    return option(update_wrapper(click.pass_context(command), function))

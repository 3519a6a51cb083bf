"""What `central rollout start` and `central publish --stages` share: when it goes on, and when it stops."""

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

import click

from provisioning.central.rollouts.stages import Stage, parse_stages
from provisioning.central.rollouts.work import DAY_S, Rules

F = TypeVar("F", bound=Callable[..., object])
_SPAN = re.compile(r"([0-9]{1,4})([dh]?)")
_HOUR_S = 3600


def _read_span(_: click.Context, __: click.Parameter, text: str) -> int:
    """Return the seconds of `7d`, `12h` or `0`."""
    found = _SPAN.fullmatch(text.strip())
    if found is None or (not found[2] and int(found[1])):
        raise click.BadParameter(f"{text!r}: expected days or hours such as 7d or 12h, or 0.")
    return int(found[1]) * (_HOUR_S if found[2] == "h" else DAY_S)


def _read_day(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    """Return a day as it is kept."""
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: expected a day such as 2027-01-31.") from error


def _read_stages(_: click.Context, __: click.Parameter, text: str | None) -> tuple[Stage, ...] | None:
    return None if text is None else parse_stages(text)


def stages_option(*, required: bool) -> Callable[[F], F]:
    """Return the option that names the stages."""
    return click.option(
        "--stages",
        metavar="STAGE,...",
        required=required,
        callback=_read_stages,
        help="Who gets it, one stage after another: rings such as pilot,wave-1,all, or so many hubs of one, "
        "such as pilot:3,10%,all; those of earlier stages count.",
    )


def rules_options(function: F) -> F:
    """Add the options that `Rules` holds."""
    for decorate in (
        click.option("--deadline", metavar="DAY", callback=_read_day, help="Until when all should have it."),
        click.option(
            "--max-fail",
            metavar="N",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            help="It stops by itself when it has failed at so many hubs.",
        ),
        click.option(
            "--enough",
            metavar="PERCENT",
            type=click.IntRange(1, 100),
            default=50,
            show_default=True,
            help="After --wait: so many of a stage's hubs must have it.",
        ),
        click.option(
            "--at-least",
            "at_least_s",
            metavar="SPAN",
            default="0",
            show_default=True,
            callback=_read_span,
            help="So long each stage but the last lasts, however soon all have it: time to notice faults.",
        ),
        click.option(
            "--wait",
            "wait_s",
            metavar="SPAN",
            default="7d",
            show_default=True,
            callback=_read_span,
            help="After so long the next stage begins though hubs of this one have not been heard from; "
            "0: never.",
        ),
    ):
        function = decorate(function)
    return function


def make_rules(wait_s: int, at_least_s: int, enough: int, max_fail: int, deadline: str | None) -> Rules:
    """Return what these options say."""
    return Rules(wait_s, enough, at_least_s, max_fail, deadline)

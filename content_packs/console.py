"""What the three commands share: errors as text with an exit code, JSON on stdout, progress on stderr."""

import json
import os
import sys
import time
from collections import UserDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

import click

from content_packs.errors import Error, local_error

_LOG_INTERVAL_S = 10.0

Advance = Callable[[int], None]


class Commands(UserDict[str, Any]):
    """The commands of a group, made of `{name: "module:function"}`.

    A module is imported when its command is used: `hub packs` starts without what `hub sync` needs.
    """

    def __getitem__(self, name: str) -> click.Command:
        module, _, function = super().__getitem__(name).partition(":")
        command: click.Command = getattr(import_module(module), function)
        return command


def run(command: click.Command) -> NoReturn:
    """Run a click command and leave with the exit code of DESIGN §11; no failure shows a traceback."""
    try:
        code = command.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _fail("stopped", None, 130)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"Try: {context.command_path} --help" if context is not None else None
        _fail(error.format_message(), hint, os.EX_USAGE)
    except Error as error:
        _fail(error.message, error.hint, error.exit_code, error.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except UnicodeEncodeError as error:
        if not any(map(_is_odd, sys.argv)):
            raise
        _fail(f"{error.object[:60]!r}: no UTF-8", "Let the terminal speak UTF-8: LANG=C.UTF-8.", os.EX_USAGE)
    except OSError as error:
        failure = local_error(error, "this machine refused")
        _fail(failure.message, failure.hint, failure.exit_code, failure.code)


def _is_odd(word: str) -> bool:
    """Tell whether a word holds bytes that are no text, as of a terminal in an older code page."""
    return any("\udc80" <= sign <= "\udcff" for sign in word)


def _fail(message: str, hint: str | None, exit_code: int, code: str = "") -> NoReturn:
    plain = message.encode("utf-8", "backslashreplace").decode()
    click.echo(f"error{f' [{code}]' if code else ''}: {plain}", err=True)
    if hint:
        click.echo(f"  next: {hint}", err=True)
    sys.exit(exit_code)


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def note(text: str) -> None:
    """Print a note for the person on stderr."""
    click.echo(text, err=True)


def log(text: str) -> None:
    """Print a line `what key=value …` on stderr for a program; a terminal shows bars instead."""
    if not sys.stderr.isatty():
        click.echo(text, err=True)


@contextmanager
def progress(label: str, total_bytes: int) -> Iterator[Advance]:
    """Yield a function to call with the bytes done since the last call.

    A terminal shows a bar with rate and time left; otherwise a line `progress …` every 10 s.
    """
    if sys.stderr.isatty():
        with _bar(label, total_bytes) as advance:
            yield advance
        return
    done = 0
    began = last = time.monotonic()

    def count_up(count: int) -> None:
        nonlocal done, last
        done += count
        if time.monotonic() - last >= _LOG_INTERVAL_S:
            last = time.monotonic()
            left_s = max(0, total_bytes - done) * (last - began) / done if done else 0.0
            what = label.replace(" ", "-")
            log(f"progress what={what} done={done} total={total_bytes} left_s={left_s:.0f}")

    yield count_up


@contextmanager
def _bar(label: str, total_bytes: int) -> Iterator[Advance]:
    # Here, not above: rich takes a tenth of a second and 8 MB, and a hub's timer has no terminal.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total_bytes)
        yield lambda count: bar.advance(task, count)


def count_text(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 file`, `2 files`; `many` where the plural is not `one` + s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def size_text(size_bytes: float) -> str:
    """Return a size as people read it: `3.4 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    raise AssertionError("unreachable")

"""A program that dies at the n-th moment at which it makes something durable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_MOMENTS = ("fsync", "rename", "replace", "unlink", "mkdir")


class Crash(BaseException):
    """Nobody catches this, as nobody survives a power cut."""


class Crashing:
    """Counts the moments; `has_crashed` tells whether there were enough of them."""

    def __init__(self, at: int | None) -> None:
        self.at, self.count, self.has_crashed = at, 0, False

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.has_crashed = True
        if self.has_crashed:
            raise Crash


@contextmanager
def crash_at(moment: int | None) -> Iterator[Crashing]:
    """Let the body die at its `moment`-th change of the disk (from 1; None: never), and end it quietly."""
    crashing = Crashing(moment)
    real = {name: getattr(os, name) for name in _MOMENTS}

    def dying(name):
        def call(*args, **options):
            crashing.step()
            return real[name](*args, **options)

        return call

    for name in _MOMENTS:
        setattr(os, name, dying(name))
    try:
        yield crashing
    except Crash:
        pass
    finally:
        for name, function in real.items():
            setattr(os, name, function)

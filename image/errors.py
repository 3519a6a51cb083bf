"""Every failure of the builder, in the kinds and exit codes of the other commands.

ImageError(message, *, hint=None)
├── LayerError      a layer or a file beside it is wrong: mend the source       exit 65
├── ToolError       a program is missing or failed, or this disk: what it said     exit 74
├── SameBytesError  a build is not the one that was recorded                    exit 65
└── BadUsageError   a bad argument                                              exit 64
"""

import os
from typing import ClassVar


class ImageError(Exception):
    """A failure that whoever builds can act on."""

    code: ClassVar[str] = "image"
    exit_code: ClassVar[int] = os.EX_SOFTWARE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class LayerError(ImageError):
    """A layer's file says something that cannot be."""

    code = "layer"
    exit_code = os.EX_DATAERR


class ToolError(ImageError):
    """A program that the build needs is missing, or ended with an error."""

    code = "tool"
    exit_code = os.EX_IOERR


class SameBytesError(ImageError):
    """Packages or bytes differ from those that were recorded."""

    code = "same-bytes"
    exit_code = os.EX_DATAERR


class BadUsageError(ImageError):
    """A bad argument, with the values that are allowed."""

    code = "usage"
    exit_code = os.EX_USAGE

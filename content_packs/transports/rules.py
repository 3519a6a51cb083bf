"""What every transport refuses, in the same words."""

from collections.abc import Sequence

from content_packs.errors import BadDataError, NotFoundError, NotWritableError
from content_packs.transports.transport import Range

_ASK_OFFICE = "Ask the office to publish the pack again."


def check_depot_path(path: str) -> str:
    """Return `path`, or raise BadDataError: depot paths are relative and never climb."""
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise BadDataError(
            f"{path!r} is not a path inside a depot: expected names joined by '/', without '.' or '..'",
            hint="Whoever wrote this path made a mistake or an attack: report it to the office.",
        )
    return path


def check_ranges(ranges: Sequence[Range]) -> None:
    """Raise BadDataError unless every range has a depot path and no negative number."""
    for wanted in ranges:
        check_depot_path(wanted.path)
        if wanted.offset < 0 or wanted.length < 0:
            raise BadDataError(
                f"{wanted.path}: expected an offset and a length of 0 or more, "
                f"got {wanted.offset} and {wanted.length}",
                hint=_ASK_OFFICE,
            )


def check_new_name(folder: str, name: str) -> str:
    """Return `name`, or raise BadDataError unless it may be that of a new file in `folder`."""
    check_depot_path(f"{folder}/{name}")
    if "/" in name or name.startswith("."):
        raise BadDataError(
            f"{name!r} is not the name of a file for {folder}: expected no '/' and no '.' in front",
            hint="Report this to whoever wrote the program.",
        )
    return name


def not_writable(what: str, why: str) -> NotWritableError:
    """The error for a depot that takes nothing."""
    return NotWritableError(
        f"{what}: this depot takes no files from hubs: {why}",
        hint="Reports wait on the hub. Ask the office to let the hub write its inbox, or sync from a stick.",
    )


def no_inbox(folder: str) -> NotWritableError:
    """The error for a depot without the folder that files are for, and where it cannot be made."""
    return not_writable(folder, "there is no such folder, and it cannot be made")


def missing(path: str) -> NotFoundError:
    """The error for a file that is not in the depot."""
    return NotFoundError(f"{path}: no such file in the depot", hint=_ASK_OFFICE)


def ends_early(wanted: Range, end: int) -> NotFoundError:
    """The error for a range that needs more bytes than its file has; `end` is where it was seen to end."""
    needed = wanted.offset + wanted.length
    return NotFoundError(
        f"{wanted.path}: expected at least {needed} bytes, the file ends at {end} or before", hint=_ASK_OFFICE
    )


def too_large(path: str, max_bytes: int) -> BadDataError:
    """The error for a small file that is larger than it may be."""
    return BadDataError(f"{path}: expected at most {max_bytes} bytes, the file has more", hint=_ASK_OFFICE)


def not_a_folder(folder: str) -> BadDataError:
    """The error for a link or a file where a folder belongs."""
    return BadDataError(
        f"{folder}: expected a folder, found a link or a file",
        hint=f"Remove {folder} from the stick, or ask the office to remove it from the depot; "
        "the next sync makes a folder there.",
    )


def not_a_file(path: str) -> BadDataError:
    """The error for a link, a folder or a device where a file belongs."""
    return BadDataError(
        f"{path}: expected a plain file, found a link, a folder or a device", hint=_ASK_OFFICE
    )

"""What the answers of a web server mean for a depot. No I/O."""

import re
from email.message import Message
from http import HTTPStatus

from content_packs.errors import BadDataError, DepotBusyError, Error, IdentityError, LinkError
from content_packs.transports import rules

REDIRECTS = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")
_UNSATISFIED = re.compile(r"bytes \*/(\d+)")
_CHECK_SERVER = "Ask the office to check the depot's web server."
_LATER = "Run `hub sync` again later; what was fetched is kept. If it lasts for days, ask the office."


def refusal(path: str, status: int) -> Error:
    """Return the error that a status other than success means."""
    said = f"{path}: the depot's web server answered {_words(status)}"
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        return rules.missing(path)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return IdentityError(
            said,
            hint="Ask the office for the user and password of the depot's URL, and whether the server may "
            "show this file; an object store that hides what is missing must be allowed to list.",
        )
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return DepotBusyError(said, hint=_LATER)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (
        HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,  # the network between, not the depot
        HTTPStatus.REQUEST_TIMEOUT,
    ):
        return LinkError(said, hint=_LATER)
    return BadDataError(said, hint=_CHECK_SERVER)


def check_plain(path: str, headers: Message) -> None:
    """Raise BadDataError if the bytes that come are not those of the file."""
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise BadDataError(
            f"{path}: the depot's web server sends it as {encoding!r}, which was not asked for",
            hint="Ask the office to switch off compression for the depot on its web server.",
        )


def file_bytes(path: str, headers: Message, offset: int, length: int) -> int | None:
    """Check that a 206 brings just `offset` to `offset + length`, or up to the end of the file.

    Returns the size of the file; None if the server does not say.
    """
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if not found:
        raise _wrong_range(path, headers, offset, length)
    first, last = int(found[1]), int(found[2])
    size = None if found[3] == "*" else int(found[3])
    end = offset + length if size is None else min(offset + length, size)
    if first != offset or last + 1 != end:
        raise _wrong_range(path, headers, offset, length)
    return size


def unsatisfied_bytes(headers: Message) -> int | None:
    """Return the size of the file that a 416 tells."""
    found = _UNSATISFIED.fullmatch(headers.get("Content-Range", "").strip())
    return int(found[1]) if found else None


def without_length(path: str) -> BadDataError:
    """The error for a body whose end cannot be told from a cut."""
    return BadDataError(f"{path}: the depot's web server does not say how long it is", hint=_CHECK_SERVER)


def without_ranges(path: str, skipped_bytes: int) -> BadDataError:
    """The error for a server that would send far more than is wanted."""
    return BadDataError(
        f"{path}: the depot's web server ignores ranges: {skipped_bytes} bytes would come in vain",
        hint="Ask the office to allow range requests on its web server, or take the content by stick.",
    )


def bad_redirect(path: str, target: str, why: str) -> BadDataError:
    """The error for a redirect that is not followed."""
    return BadDataError(f"{path}: the depot's web server sends us to {target!r}: {why}", hint=_CHECK_SERVER)


def _wrong_range(path: str, headers: Message, offset: int, length: int) -> BadDataError:
    return BadDataError(
        f"{path}: asked the depot's web server for bytes {offset} to {offset + length}, "
        f"got {headers.get('Content-Range', 'none')!r} as {headers.get('Content-Type', 'nothing')!r}",
        hint=_CHECK_SERVER,
    )


def _words(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)

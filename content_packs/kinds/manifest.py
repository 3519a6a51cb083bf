"""manifest.json of the packs that are for hubs themselves: what a builder says of the files beside it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from content_packs.errors import BadSourceError
from content_packs.source import Finding, PackSource

MANIFEST = "manifest.json"
_MAX_BYTES = 100_000


def check_manifest(
    source: PackSource, check_details: Callable[[Mapping[str, Any]], Iterator[str]], hint: str
) -> Iterator[Finding]:
    """Yield what is wrong with the manifest of a source; that there is none, too."""
    try:
        for fault in check_details(_read(source)):
            yield Finding(source.place(MANIFEST), fault, hint)
    except BadSourceError as error:
        yield Finding(source.place("."), error.message, hint)


def read_manifest(source: PackSource, names: Mapping[str, object]) -> dict[str, Any]:
    """Return the members of a manifest that travel in the index; raises BadSourceError where it is none."""
    values = _read(source)
    return {name: values[name] for name in names if name in values}


def fits_pattern(pattern: str) -> Callable[[object], bool]:
    """Return the rule of a text that matches whole."""
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _read(source: PackSource) -> dict[str, Any]:
    places = {file.path: file for file in source.files}
    if MANIFEST not in places:
        raise BadSourceError(f"has no {MANIFEST}")
    if places[MANIFEST].size > _MAX_BYTES:
        raise BadSourceError(f"{MANIFEST}: expected at most {_MAX_BYTES} bytes, got {places[MANIFEST].size}")
    try:
        values = json.loads(places[MANIFEST].location.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadSourceError(f"{MANIFEST}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadSourceError(f"{MANIFEST}: expected an object, got {type(values).__name__}")
    return values

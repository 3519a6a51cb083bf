"""The head: all metadata that one hub needs now, in one small file. docs/format/depot-v1.md §5."""

import hashlib
import json
import re
from collections.abc import Mapping

from backports import zstd

from content_packs.compression import decompress_pieces
from content_packs.errors import BadDataError, UnknownFormatError

FORMAT = 1
MAX_HEAD_BYTES = 1024 * 1024  # as it lies; some 2000 packs for one hub
MAX_UNPACKED_BYTES = 8 * 1024 * 1024  # the worst JSON of this size takes 220 MB to parse, which a Pi has
STATE_DIGITS = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}")
_LEVEL = 15  # 19 saves 1 % and takes four times as long
_PATCH_LEVEL = 6  # of 120 KB in 0.5 ms; 15 takes 10 ms, and its patches are from 4 % smaller to 10 % larger


def encode_head(files: Mapping[str, bytes]) -> bytes:
    """Return the container of these metadata files (UTF-8 text by name): the same for the same files."""
    return pack_text(head_text(files))


def decode_head(data: bytes) -> dict[str, bytes]:
    """Return the files of a container. Nothing of them is verified yet.

    Raises:
        BadDataError: damaged, too large, or not a head.
        UnknownFormatError: a format other than 1.
    """
    return read_text(unpack_text(data))


def head_text(files: Mapping[str, bytes]) -> bytes:
    """Return what a head with these files unpacks to."""
    texts = {name: data.decode() for name, data in files.items()}
    values = {"format": FORMAT, "files": texts}
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def state_of(text: bytes) -> str:
    """Return the name of a head's unpacked text: 32 hexadecimal digits, for docs/format/depot-v1.md §5.1."""
    return hashlib.sha256(text).hexdigest()[:STATE_DIGITS]


def pack_text(text: bytes, *, prefix: bytes = b"") -> bytes:
    """Compress a head's text; with `prefix`, the text of an earlier head, as a patch of that."""
    earlier = zstd.ZstdDict(prefix, is_raw=True).as_prefix if prefix else None
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: _PATCH_LEVEL if prefix else _LEVEL,
        zstd.CompressionParameter.checksum_flag: 1,
    }
    return zstd.compress(text, options=options, zstd_dict=earlier)


def unpack_text(data: bytes, *, prefix: bytes = b"") -> bytes:
    """Return the text that `pack_text` was given, with the same `prefix`.

    Raises:
        BadDataError: damaged, or too large.
    """
    pieces = decompress_pieces(data, max_bytes=MAX_UNPACKED_BYTES, what="head", prefix=prefix)
    return b"".join(pieces)


def read_text(text: bytes) -> dict[str, bytes]:
    """Return the files of an unpacked container; errors as `decode_head`."""
    try:
        values = json.loads(text, object_pairs_hook=_without_twins)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"head: not JSON: {error}") from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        found = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise UnknownFormatError(f"head: expected format {FORMAT}, got {found!r}", hint="Update this hub.")
    files = values.get("files")
    if not isinstance(files, dict):
        raise BadDataError(f"head: files: expected an object, got {type(files).__name__}")
    return {_checked_name(name): _checked_text(name, text) for name, text in files.items()}


def _without_twins(members: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its members: of two with one name, two readers might take each another one."""
    values = dict(members)
    if len(values) != len(members):
        names = [name for name, _ in members]
        twin = next(name for name in values if names.count(name) > 1)
        raise BadDataError(f"head: {twin!r:.80} stands there twice")
    return values


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadDataError(f"head: expected a name of [a-z0-9.-], got {name!r:.80}")
    return name


def _checked_text(name: str, text: object) -> bytes:
    if not isinstance(text, str):
        raise BadDataError(f"head: {name}: expected text, got {type(text).__name__}")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadDataError(f"head: {name}: not valid Unicode") from error

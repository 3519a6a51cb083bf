"""hub-root.json as one line of text, as `[central] root` carries it: zstd, then base64."""

import base64
import json

from content_packs.compression import compress, decompress
from content_packs.errors import BadDataError

MAX_ROOT_BYTES = 512_000  # as TUF's reader allows: docs/format/depot-v1.md §4


def pack_root(data: bytes) -> str:
    """Return the line for a root."""
    return base64.b64encode(compress(data)).decode()


def unpack_root(text: str) -> bytes:
    """Return the root of a line; whether the office signed it, `content_packs.trust.check_root` tells.

    Raises:
        ValueError: it does not unpack to JSON.
    """
    packed = base64.b64decode(text, validate=True)
    try:
        data = decompress(packed, max_bytes=MAX_ROOT_BYTES, what="central.root")
    except BadDataError as error:
        raise ValueError(error.message) from error
    if not isinstance(json.loads(data), dict):
        raise ValueError("central.root holds no JSON object")
    return data

"""zstd with limits: what comes from outside never unpacks to more than was allowed."""

from collections.abc import Iterator
from typing import Any

from backports import zstd

from content_packs.errors import BadDataError

_PIECE_BYTES = 1024 * 1024
_MIN_PREFIX_BYTES = 8
_FRAME_BYTES = 64  # header, checksum and the first block's header, with room to spare
_MIN_WINDOW_LOG = 10
_MAX_WINDOW_LOG = 27  # 128 MiB, what --long=27 uses: more would not fit a Pi


def compress(data: bytes, *, prefix: bytes = b"", level: int = 19) -> bytes:
    """Return one zstd frame, for `prefix` as what comes before the data: the same for the same input.

    Whoever unpacks it needs the same prefix. Data and prefix together should be below 128 MiB.
    """
    window_log = max(_MIN_WINDOW_LOG, min(_MAX_WINDOW_LOG, (len(prefix) + len(data)).bit_length()))
    before = _as_prefix(prefix)
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: level,
        zstd.CompressionParameter.window_log: window_log,
        zstd.CompressionParameter.enable_long_distance_matching: int(before is not None),
    }
    return zstd.compress(data, options=options, zstd_dict=before)


def _as_prefix(prefix: bytes) -> Any:  # noqa: ANN401 - the library gives this value no name
    """Return what the library takes as a prefix; below 8 bytes it takes none: so do we."""
    return zstd.ZstdDict(prefix, is_raw=True).as_prefix if len(prefix) >= _MIN_PREFIX_BYTES else None


def most_compressed(size: int) -> int:
    """Return the most bytes that an honest frame of so much content has: RFC 8878 §3.1.1."""
    return size + size // 128 + _FRAME_BYTES


def decompress(data: bytes, *, max_bytes: int, what: str) -> bytes:
    """Return the content of exactly one zstd frame.

    Raises:
        BadDataError: not one whole frame, or it holds more than `max_bytes`; the message names `what`.
    """
    return b"".join(decompress_pieces(data, max_bytes=max_bytes, what=what))


def decompress_pieces(data: bytes, *, max_bytes: int, what: str, prefix: bytes = b"") -> Iterator[bytes]:
    """Yield the content of exactly one zstd frame, made with this prefix, in runs of at most 1 MiB.

    Raises:
        BadDataError: as `decompress`, after the runs before the fault.
    """
    unpacker = zstd.ZstdDecompressor(
        zstd_dict=_as_prefix(prefix),
        options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG},
    )
    del prefix  # the library made a copy: one of them is enough for a Pi's memory
    left = max_bytes
    try:
        while not unpacker.eof:
            piece = unpacker.decompress(data, max_length=_PIECE_BYTES)
            data = b""
            if not piece and unpacker.needs_input:
                raise BadDataError(f"{what}: the compressed data ends too early")
            left -= len(piece)
            if left < 0:
                raise BadDataError(f"{what}: unpacks to more than {max_bytes} bytes")
            yield piece
    except zstd.ZstdError as error:
        raise BadDataError(f"{what}: not zstd data: {error}") from error
    if unpacker.unused_data:
        raise BadDataError(f"{what}: {len(unpacker.unused_data)} bytes follow the compressed data")

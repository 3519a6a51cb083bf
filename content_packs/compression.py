"""zstd with limits: what comes from outside never unpacks to more than was allowed."""

from backports import zstd

from content_packs.errors import BadDataError

_PIECE_BYTES = 1024 * 1024
_MAX_WINDOW_LOG = 27  # 128 MiB, what --long=27 uses: more would not fit a Pi


def decompress(data: bytes, *, max_bytes: int, what: str) -> bytes:
    """Return the content of exactly one zstd frame.

    Raises:
        BadDataError: not one whole frame, or it holds more than `max_bytes`; the message names `what`.
    """
    unpacker = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _MAX_WINDOW_LOG})
    pieces: list[bytes] = []
    total = 0
    try:
        while not unpacker.eof:
            piece = unpacker.decompress(data, max_length=_PIECE_BYTES)
            data = b""
            if not piece and unpacker.needs_input:
                raise BadDataError(f"{what}: the compressed data ends too early")
            total += len(piece)
            if total > max_bytes:
                raise BadDataError(f"{what}: unpacks to more than {max_bytes} bytes")
            pieces.append(piece)
    except zstd.ZstdError as error:
        raise BadDataError(f"{what}: not zstd data: {error}") from error
    if unpacker.unused_data:
        raise BadDataError(f"{what}: {len(unpacker.unused_data)} bytes follow the compressed data")
    return b"".join(pieces)

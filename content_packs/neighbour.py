"""What hubs of one network ask each other over HTTP: pure names. Normative text: docs/format/depot-v1.md."""

from collections.abc import Iterable

from content_packs.depot import LARGE_FILE_BYTES

HAVE_PATH = "/neighbour/have"
FILES_PATH = "/neighbour/files"
HUB_ID_HEADER = "Hub-Id"
HASH_BYTES = 32
MAX_HASHES = 2000  # of one request
MAX_ANSWER_BYTES = 2 * LARGE_FILE_BYTES  # then the next one has its turn: a minute at 256 kbit/s
RETRY_AFTER_S = 2  # what a hub says to whom it is too busy for now


def file_path(sha256: str) -> str:
    """One file of a pack, whole or a range of it."""
    return f"/neighbour/file/{sha256}"


def index_path(pack_id: str, version: int) -> str:
    """The index of an installed version, as it lies on that hub."""
    return f"/neighbour/index/{pack_id}/{version}"


def pack_hashes(hashes: Iterable[str]) -> bytes:
    """Return the body of a question about these SHA-256."""
    return b"".join(bytes.fromhex(sha256) for sha256 in hashes)


def unpack_hashes(body: bytes) -> list[str]:
    """Return the SHA-256 in the body of a question, as hexadecimal digits."""
    return [body[start : start + HASH_BYTES].hex() for start in range(0, len(body), HASH_BYTES)]

"""Segments and acks: how a hub's reports travel to the office. docs/format/depot-v1.md §8.

A segment is lines of one hub in a zstd frame, sealed to the office's key: whoever carries it cannot read it.
"""

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex

from backports import zstd
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from content_packs.compression import decompress
from content_packs.errors import BadDataError, UnknownFormatError

FORMAT = 1
MAX_SEGMENT_BYTES = 256 * 1024  # as it travels: half a minute at 64 kbit/s, so that content soon goes on
MAX_LINE_BYTES = 160 * 1024  # a list of some thousand packs
STREAM = re.compile(r"[0-9]{14}-[0-9a-f]{16}")
MAX_NUMBER = 2**53  # what every reader of JSON keeps exactly
MAX_ACKS = 150  # ranges; of a hub that lost nothing one is needed
MAX_ACKS_BYTES = 16 * 1024  # of so many ranges, each of a stream of its own and with the largest numbers
_RECEIPT_DIGITS = 32
_RECEIPT = re.compile(f"[0-9a-f]{{{_RECEIPT_DIGITS}}}")  # and a receipt's key
_LINES_BYTES = 192 * 1024  # of lines in one segment: even what does not compress stays below the limit
_MAX_UNPACKED_BYTES = _LINES_BYTES + 1024  # with the header: more than group_lines puts together, nobody sent
_MAX_LINES = _LINES_BYTES // 96  # no event is shorter: its stream, time and names of members alone are longer
_OPTIONS: Mapping[int, int] = {
    zstd.CompressionParameter.compression_level: 19,
    zstd.CompressionParameter.checksum_flag: 1,
}


@dataclass(frozen=True, slots=True)
class SeqRange:
    """The numbers of a stream that a segment stands for.

    They are those of its events, and those before them of which the hub has nothing any more: what was
    acknowledged, or lost with its disk. So the ranges of a hub join into one as soon as all is acknowledged.
    """

    stream: str
    first: int
    last: int  # included

    def holds(self, other: "SeqRange") -> bool:
        """Tell whether all of `other` is in it."""
        return self.stream == other.stream and self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, slots=True)
class Segment:
    """What was in a segment; what the lines say is not checked."""

    seqs: SeqRange
    receipt_key: str
    lines: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Ack:
    """What the office has taken in, and its receipt: without it, who writes the depot could make it up."""

    seqs: SeqRange
    receipt: str

    def covers(self, seqs: SeqRange, receipt_key: str) -> bool:
        """Tell whether the office has seen a segment of these numbers, sealed with this key inside."""
        right = make_ack(self.seqs, receipt_key).receipt
        return hmac.compare_digest(self.receipt, right) and self.seqs.holds(seqs)


def make_receipt_key() -> str:
    """Return a key that only a hub knows, and the office that opens its segments: 32 hexadecimal digits."""
    return token_hex(_RECEIPT_DIGITS // 2)


def make_ack(seqs: SeqRange, receipt_key: str) -> Ack:
    """Return the ack of these numbers, with the receipt that only a holder of the key can make."""
    text = f"{seqs.stream} {seqs.first} {seqs.last}"
    receipt = hmac.new(bytes.fromhex(receipt_key), text.encode(), "sha256").hexdigest()
    return Ack(seqs, receipt[:_RECEIPT_DIGITS])


def name_segment(data: bytes) -> str:
    """Return the name of a segment: the SHA-256 of its bytes as they travel."""
    return sha256(data).hexdigest()


def group_lines(lines: Iterable[bytes]) -> list[list[bytes]]:
    """Return the lines in groups, in order, each small enough for one segment."""
    groups: list[list[bytes]] = []
    size = _LINES_BYTES
    for line in lines:
        size += len(line) + 1
        if size > _LINES_BYTES:
            groups.append([])
            size = len(line) + 1
        groups[-1].append(line)
    return groups


def seal(hub_id: str, seqs: SeqRange, lines: Sequence[bytes], seal_key: bytes, receipt_key: str) -> bytes:
    """Return the segment of these lines; only the holder of the office's private key can read it.

    The same lines give other bytes each time.
    """
    header = {"format": FORMAT, "hub": hub_id, "stream": seqs.stream, "seqs": [seqs.first, seqs.last]}
    header["receipt_key"] = receipt_key
    packed = zstd.compress(b"\n".join([json.dumps(header).encode(), *lines]), options=_OPTIONS)
    data = SealedBox(PublicKey(seal_key)).encrypt(packed)
    if len(data) > MAX_SEGMENT_BYTES:
        raise AssertionError("group_lines made a group that is too large")
    return data


def unseal(data: bytes, private_key: bytes, *, hub_id: str) -> Segment:
    """Return what is in a segment that claims to come from `hub_id`.

    Raises:
        BadDataError: too large, sealed to another key, damaged, or another hub's.
        UnknownFormatError: a format other than 1.
    """
    if len(data) > MAX_SEGMENT_BYTES:
        raise BadDataError(f"segment: expected at most {MAX_SEGMENT_BYTES} bytes, got {len(data)}")
    try:
        packed = SealedBox(PrivateKey(private_key)).decrypt(data)
    except (CryptoError, ValueError) as error:  # ValueError: shorter than a box can be
        raise BadDataError("segment: damaged, or not sealed to this office's key") from error
    unpacked = decompress(packed, max_bytes=_MAX_UNPACKED_BYTES, what="segment")
    count = unpacked.count(b"\n")
    if count > _MAX_LINES:
        raise BadDataError(f"segment: expected at most {_MAX_LINES} lines, got {count}")
    header, *lines = unpacked.split(b"\n")
    values = _parse(header, "segment")
    if values.get("format") != FORMAT:
        raise UnknownFormatError(f"segment: expected format {FORMAT}, got {values.get('format')!r:.80}")
    if values.get("hub") != hub_id:
        raise BadDataError(f"segment: expected one of {hub_id}, got one of {values.get('hub')!r:.80}")
    receipt_key = _digits(values.get("receipt_key"), "segment: receipt_key")
    return Segment(_seqs(values.get("stream"), values.get("seqs"), "segment"), receipt_key, lines)


def encode_acks(acks: Iterable[Ack]) -> bytes:
    """Return the acks file that lists these, as many as MAX_ACKS."""
    streams: dict[str, list[tuple[int, int, str]]] = {}
    for ack in list(acks)[:MAX_ACKS]:
        streams.setdefault(ack.seqs.stream, []).append((ack.seqs.first, ack.seqs.last, ack.receipt))
    return json.dumps({"format": FORMAT, "streams": streams}, separators=(",", ":")).encode()


def decode_acks(data: bytes) -> list[Ack]:
    """Return what is said to be acknowledged; see `Ack.covers`.

    Raises:
        BadDataError: not such a list; UnknownFormatError: of another format.
    """
    values = _parse(data, "acks")
    if values.get("format") != FORMAT:
        raise UnknownFormatError(f"acks: expected format {FORMAT}, got {values.get('format')!r:.80}")
    return list(_list_acks(values.get("streams")))


def _list_acks(streams: object) -> Iterator[Ack]:
    if not isinstance(streams, dict):
        raise BadDataError(f"acks: streams: expected an object, got {streams!r:.80}")
    for stream, acks in streams.items():
        if not isinstance(acks, list):
            raise BadDataError(f"acks: {stream:.80}: expected a list, got {acks!r:.80}")
        for ack in acks:
            if not isinstance(ack, list) or len(ack) != 3:
                raise BadDataError(f"acks: {stream:.80}: expected two numbers and a receipt, got {ack!r:.80}")
            yield Ack(_seqs(stream, ack[:2], "acks"), _digits(ack[2], "acks: receipt"))


def _digits(value: object, what: str) -> str:
    if not isinstance(value, str) or not _RECEIPT.fullmatch(value):
        raise BadDataError(f"{what}: expected {_RECEIPT_DIGITS} hexadecimal digits, got {value!r:.80}")
    return value


def _seqs(stream: object, numbers: object, what: str) -> SeqRange:
    if not isinstance(stream, str) or not STREAM.fullmatch(stream):
        raise BadDataError(f"{what}: stream: expected {STREAM.pattern}, got {stream!r:.80}")
    if not isinstance(numbers, list) or len(numbers) != 2 or not all(type(n) is int for n in numbers):
        raise BadDataError(f"{what}: seqs: expected two numbers, got {numbers!r:.80}")
    first, last = numbers
    if not 0 <= first <= last <= MAX_NUMBER:
        raise BadDataError(f"{what}: seqs: expected numbers that grow, from 0, got {numbers!r:.80}")
    return SeqRange(stream, first, last)


def _parse(data: bytes, what: str) -> dict[str, object]:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"{what}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise BadDataError(f"{what}: expected an object, got {type(values).__name__}")
    return values

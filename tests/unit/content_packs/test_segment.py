import json
import os
from dataclasses import replace
from hashlib import sha256

import pytest
from backports import zstd
from nacl.public import PrivateKey, PublicKey, SealedBox

from content_packs import segment
from content_packs.errors import BadDataError, UnknownFormatError
from content_packs.segment import MAX_LINE_BYTES, MAX_SEGMENT_BYTES
from hub.events import Event, encode_event

OFFICE = PrivateKey.generate()
PUBLIC, PRIVATE = bytes(OFFICE.public_key), bytes(OFFICE)
STRANGERS = bytes(PrivateKey.generate().public_key)
STREAM = "20261123120000-0123456789abcdef"
SEQS = segment.SeqRange(STREAM, 0, 9)
RECEIPT_KEY = "0123456789abcdef" * 2


def box(text):
    """Return a segment that holds just this text."""
    return SealedBox(PublicKey(PUBLIC)).encrypt(zstd.compress(text))


def header(**changes):
    """Return the first line of a segment, with changes."""
    right = {"format": 1, "hub": "h-1", "stream": STREAM, "seqs": [0, 9], "receipt_key": RECEIPT_KEY}
    return json.dumps(right | changes).encode()


def test_the_office_reads_what_a_hub_sealed():
    data = segment.seal("h-1", SEQS, [b"one", b"two"], PUBLIC, RECEIPT_KEY)
    assert segment.unseal(data, PRIVATE, hub_id="h-1") == segment.Segment(SEQS, RECEIPT_KEY, [b"one", b"two"])
    assert b"one" not in data
    assert segment.name_segment(data) == sha256(data).hexdigest()


def test_a_segment_of_the_worst_lines_keeps_its_limit():
    lines = [os.urandom(MAX_LINE_BYTES).replace(b"\n", b" ") for _ in range(3)] + [
        os.urandom(999).hex().encode()
    ] * 400
    groups = segment.group_lines(lines)
    assert [line for group in groups for line in group] == lines
    segments = [segment.seal("h-1", SEQS, group, PUBLIC, RECEIPT_KEY) for group in groups]
    assert all(len(data) <= MAX_SEGMENT_BYTES for data in segments)


def test_a_small_segment_that_unpacks_to_millions_of_lines_is_refused_before_they_are_counted_out():
    for text, problem in ((b"\n" * 3_900_000, "more than"), (b"\n" * 100_000, "lines")):
        with pytest.raises(BadDataError, match=problem):
            segment.unseal(box(header() + text), PRIVATE, hub_id="h-1")


def test_the_most_events_that_a_hub_can_put_into_a_segment_are_not_too_many():
    smallest = encode_event(Event(STREAM, 0, "0", "2026-11-23T00:00:00+00:00", "x", {}))
    [group, *_] = segment.group_lines([smallest] * 9999)
    data = segment.seal("h-1", SEQS, group, PUBLIC, RECEIPT_KEY)
    assert len(segment.unseal(data, PRIVATE, hub_id="h-1").lines) == len(group)


def test_no_lines_make_no_group():
    assert segment.group_lines([]) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not sealed"),
        (b"x" * 100, "not sealed"),
        (b"x" * (MAX_SEGMENT_BYTES + 1), "at most"),
        (segment.seal("h-1", SEQS, [b"x"], STRANGERS, RECEIPT_KEY), "not sealed"),
        (segment.seal("h-2", SEQS, [b"x"], PUBLIC, RECEIPT_KEY), "h-2"),
        (SealedBox(PublicKey(PUBLIC)).encrypt(b"not zstd"), "not zstd"),
        (box(b"not json\nline"), "not JSON"),
        (box(b"[]\nline"), "an object"),
        (box(header(seqs=None)), "two numbers"),
        (box(header(seqs=[2, 1])), "that grow"),
        (box(header(stream="x")), "stream"),
        (box(header(receipt_key=None)), "receipt_key"),
        (box(header(receipt_key="0" * 31)), "receipt_key"),
        (box(b"0" * 10_000_000), "more than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "data",  # sealed bytes differ each time
)
def test_what_is_no_segment_of_this_hub_is_refused_in_words(data, problem):
    with pytest.raises(BadDataError, match=problem):
        segment.unseal(data, PRIVATE, hub_id="h-1")


def test_a_segment_of_another_format_is_refused():
    with pytest.raises(UnknownFormatError):
        segment.unseal(box(b'{"format": 2, "hub": "h-1"}'), PRIVATE, hub_id="h-1")


def test_acks_are_small_and_read_back():
    ack = segment.make_ack(SEQS, RECEIPT_KEY)
    data = segment.encode_acks([ack])
    assert len(data) < 128
    assert segment.decode_acks(data) == [ack]


def test_an_ack_covers_what_lies_within_it_and_was_sealed_with_its_key():
    ack = segment.make_ack(SEQS, RECEIPT_KEY)
    within, beyond = segment.SeqRange(STREAM, 3, 9), segment.SeqRange(STREAM, 3, 10)
    assert ack.covers(within, RECEIPT_KEY)
    assert not ack.covers(beyond, RECEIPT_KEY)
    assert not ack.covers(within, RECEIPT_KEY[::-1])


def test_who_has_seen_an_ack_cannot_stretch_it():
    ack = segment.make_ack(SEQS, RECEIPT_KEY)
    stretched = replace(ack, seqs=replace(SEQS, last=99))
    elsewhere = replace(ack, seqs=replace(SEQS, stream="20270101000000-0123456789abcdef"))
    assert not stretched.covers(SEQS, RECEIPT_KEY)
    assert not elsewhere.covers(elsewhere.seqs, RECEIPT_KEY)


def test_the_most_acks_there_can_be_keep_their_limit():
    ranges = [segment.SeqRange(f"{n:014}-{'0' * 16}", 2**53, 2**53) for n in range(999)]
    acks = [segment.make_ack(seqs, RECEIPT_KEY) for seqs in ranges]
    data = segment.encode_acks(acks)
    assert len(data) <= segment.MAX_ACKS_BYTES
    assert segment.decode_acks(data) == acks[: segment.MAX_ACKS]


def streams(value):
    return json.dumps({"format": 1, "streams": value}).encode()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\0", b"[]", b"{}", streams(None), streams({"x": [[1, 2]]}), streams({STREAM: 7})),
        *(streams({STREAM: [ack]}) for ack in (7, [1, RECEIPT_KEY], [1, 2], [1, 2, None], [1, 2, "0" * 31])),
        *(
            streams({STREAM: [[*seqs, RECEIPT_KEY]]})
            for seqs in ([2, 1], [-1, 1], [True, 1], [1, 2**60], ["1", "2"])
        ),
    ],
)
def test_what_is_no_list_of_acks_is_refused(data):
    with pytest.raises(BadDataError):
        segment.decode_acks(data)

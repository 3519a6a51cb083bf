import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.errors import BadDataError
from hub.events import KINDS, Event, HealthBody, PacksBody, SyncBody, body_of, decode_event, encode_event
from support.reporting import told

EVENT = Event(
    "20261123120000-0123456789abcdef", 7, "0f0f-11", "2026-11-23T12:00:00+00:00", "sync", body_of(told("так"))
)
HEALTH = HealthBody(1, 2, 3, "2026-11-23T12:00:00+00:00", "2026-11-01T00:00:00+00:00", "0.1.0", 1, 51.5, None)
PACKS = PacksBody({"maths": 3}, {"maths": 4}, {"maths": 4}, {}, {"maths": [2, 3]})


@pytest.mark.parametrize("body", [told("x"), HEALTH, PACKS])
def test_every_kind_survives_the_way(body):
    event = replace(EVENT, kind=body.KIND, body=body_of(body))
    assert decode_event(encode_event(event)) == event


def test_kinds_name_themselves():
    assert all(KINDS[body.KIND] is body for body in (SyncBody, PacksBody, HealthBody))


def test_an_event_of_a_newer_hub_is_kept_as_it_is():
    newer = replace(EVENT, kind="weather", body={"rain": [1, None]})
    assert decode_event(encode_event(newer)) == newer
    more = replace(EVENT, body={**EVENT.body, "new_member": 1})
    assert decode_event(encode_event(more)) == more


def test_a_message_of_several_lines_becomes_one_line_without_surprises():
    body = body_of(told("first\nsecond\x1b[31m \udcff" + "x" * 3000))
    assert len(body["message"]) == 2000
    assert body["message"].isprintable()
    assert decode_event(encode_event(replace(EVENT, body=body))).body == body


def changed(**members):
    values = json.loads(encode_event(EVENT))
    return json.dumps({**values, **members}).encode()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "an object"),
        (b'{"seq": NaN}', "NaN"),
        (b'{"seq": 1, "new": "\\ud800"}', "not JSON"),
        (b'{"seq": 1, "new": {"half": "\xed\xa0\x80"}}', "not JSON"),
        (b'{"seq": 1, "new": [1e999]}', "not JSON"),
        (changed(stream="x"), "stream"),
        (changed(seq=-1), "seq"),
        (changed(seq=True), "seq"),
        (changed(seq=2**60), "seq"),
        (changed(boot_id="../x"), "boot_id"),
        (changed(at="2026-11-23T12:00:00"), "at"),
        (changed(at="yesterday"), "at"),
        (changed(kind="Sync!"), "kind"),
        (changed(body=[]), "body"),
        (changed(body={}), "started_at"),
        (changed(body={**EVENT.body, "message": "\x1b[2J"}), "message"),
        (changed(body={**EVENT.body, "done": [1]}), "done"),
        (changed(body={**EVENT.body, "quiet": {"ok": "many"}}), "quiet"),
    ],
)
def test_a_malformed_event_is_refused_by_its_member(line, problem):
    with pytest.raises(BadDataError, match=problem):
        decode_event(line)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(line):
    try:
        decode_event(line)
    except BadDataError:
        pass


def test_an_event_that_is_too_large_is_refused_before_it_is_written():
    body = body_of(PacksBody({f"pack-{n}": n for n in range(10_000)}, {}, {}, {}, {}))
    with pytest.raises(BadDataError, match="at most"):
        encode_event(replace(EVENT, kind="packs", body=body))

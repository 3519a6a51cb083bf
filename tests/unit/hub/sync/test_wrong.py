"""Bytes that came wrong are not fetched again and again."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.sync import wrong
from hub.sync.wrong import FILE, open_wrong

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAME = "ab" * 32


def at(folder, now=NOW, state="sftp://depot 2026-11-20"):
    return open_wrong(folder, state, now=now)


def fail(folder, times, now=NOW):
    for _ in range(times):
        at(folder, now).note(NAME)


def test_a_depot_that_is_being_repaired_gets_some_tries_at_once(tmp_path):
    fail(tmp_path, 2)
    assert not at(tmp_path).is_barred(NAME)
    fail(tmp_path, 1)
    assert at(tmp_path).is_barred(NAME)
    assert at(tmp_path).until(NAME) == NOW + timedelta(days=1)


def test_the_waits_double_so_that_the_bytes_of_a_month_are_bounded(tmp_path):
    now, tries = NOW, 0
    while now < NOW + timedelta(days=365):
        if not at(tmp_path, now).is_barred(NAME):
            at(tmp_path, now).note(NAME)
            tries += 1
        now += timedelta(hours=1)
    assert 10 < tries < 25


def test_new_metadata_or_another_depot_is_worth_new_tries(tmp_path):
    fail(tmp_path, 5)
    assert at(tmp_path).is_barred(NAME)
    assert not at(tmp_path, state="sftp://depot 2026-11-23").is_barred(NAME)
    assert not at(tmp_path, state="/media/stick 2026-11-20").is_barred(NAME)


def test_what_there_is_another_way_to_gets_no_second_try_while_the_depot_is_as_it_was(tmp_path):
    at(tmp_path).bar(NAME)
    assert at(tmp_path).until(NAME) == NOW + timedelta(days=1)
    at(tmp_path, NOW + timedelta(days=1)).bar(NAME)
    assert at(tmp_path, NOW + timedelta(days=2)).until(NAME) == NOW + timedelta(days=3)


def test_what_was_of_no_use_on_one_road_or_before_a_repair_is_used_again(tmp_path):
    at(tmp_path, state="https://mirror 2026-11-20").bar(NAME)
    assert not at(tmp_path).is_barred(NAME)
    at(tmp_path).bar(NAME)
    assert not at(tmp_path, state="sftp://depot 2026-11-23").is_barred(NAME)


def test_many_names_are_written_at_once(tmp_path, monkeypatch):
    names, written = [f"{n:064}" for n in range(300)], []
    monkeypatch.setattr(wrong, "write_durably", lambda path, data: written.append(path.write_bytes(data)))
    at(tmp_path).bar(*names)
    assert len(written) == 1
    assert all(at(tmp_path).is_barred(name) for name in names)
    at(tmp_path).note()
    assert len(written) == 1


def test_two_silences_in_a_row_bar_and_one_does_not(tmp_path):
    at(tmp_path).note_silence(NAME)
    assert not at(tmp_path).is_barred(NAME)
    at(tmp_path).forget_silence(NAME)
    at(tmp_path).note_silence(NAME)
    assert not at(tmp_path).is_barred(NAME)
    at(tmp_path).note_silence(NAME)
    assert at(tmp_path).is_barred(NAME)


def test_a_clock_that_went_back_does_not_bar_for_years(tmp_path):
    fail(tmp_path, 9, now=NOW + timedelta(days=3000))
    assert not at(tmp_path, NOW).is_barred(NAME)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"wrong": {"a": {}}}', b'{"wrong": [1]}', b"\xff" * 99]
)
def test_a_damaged_note_is_an_empty_one(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    assert not at(tmp_path).is_barred(NAME)
    fail(tmp_path, 3)
    assert at(tmp_path).is_barred(NAME)

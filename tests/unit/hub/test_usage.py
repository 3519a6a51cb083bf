"""How often packs are opened: counted without anybody, told once, in fives."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

from content_packs.errors import LocalError
from hub import usage
from hub.settings import HubPaths
from hub.usage import Usage, forget, read_finished, to_bodies

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path)


def opened(paths, now, **packs):
    counter = Usage(paths, lambda: now)
    for pack_id, count in packs.items():
        for _ in range(count):
            counter.count(pack_id)
    counter.save()


def test_a_day_is_told_when_it_is_over(paths):
    opened(paths, MONDAY, maths=7)
    opened(paths, MONDAY, maths=1, reader=2)  # after a restart of the portal
    assert read_finished(paths, now=MONDAY) == {}
    days = read_finished(paths, now=MONDAY + DAY)
    assert days == {"2026-11-23": {"maths": 8, "reader": 2}}
    forget(paths, days)
    assert read_finished(paths, now=MONDAY + DAY) == {}


def test_nothing_but_packs_and_numbers_is_on_the_disk(paths):
    opened(paths, MONDAY, maths=2)
    [path] = paths.usage.iterdir()
    assert (path.name, json.loads(path.read_bytes())) == ("2026-11-23.json", {"maths": 2})


TOLD = [  # opens by day, what is told of each day, what is left over
    ([12], [10], 2),
    ([4], [], 4),
    ([4, 1, 6], [5, 5], 1),  # the first day is not told: one learner alone may have been there
    ([0, 0], [], 0),
    ([5, 5, 5], [5, 5, 5], 0),
]


@pytest.mark.parametrize(("opens", "told", "rest"), TOLD)
def test_it_is_told_in_fives_and_nothing_is_lost(opens, told, rest):
    days = {(MONDAY + n * DAY).date().isoformat(): {"maths": count} for n, count in enumerate(opens)}
    bodies, left = to_bodies(days, {})
    assert [body.opens["maths"] for body in bodies] == told
    assert left == ({"maths": rest} if rest else {})
    assert sum(opens) == sum(told) + rest


def test_damaged_files_count_nothing_and_foreign_ones_are_left_alone(paths):
    opened(paths, MONDAY, maths=5)
    for name, text in (
        ("2026-11-20.json", '{"maths": "many", '),
        ("2026-11-21.json", "[]"),
        ("notes.json", ""),
    ):
        (paths.usage / name).write_text(text)
    (paths.usage / "2026-11-19.json").write_text(json.dumps({"../x": 5, "maths": -1, "reader": 1}))
    days = read_finished(paths, now=MONDAY + DAY)
    assert {day: dict(counts) for day, counts in days.items() if counts} == {
        "2026-11-19": {"reader": 1},
        "2026-11-23": {"maths": 5},
    }
    assert (paths.usage / "notes.json").exists()


def test_a_hub_that_tells_nobody_for_years_keeps_so_many_days(paths, monkeypatch):
    monkeypatch.setattr(usage, "_MAX_DAYS", 3)
    for number in range(6):
        opened(paths, MONDAY + number * DAY, maths=5)
    assert list(read_finished(paths, now=MONDAY + 9 * DAY)) == ["2026-11-26", "2026-11-27", "2026-11-28"]


def test_a_disk_that_refuses_loses_no_count(paths, monkeypatch):
    counter = Usage(paths, lambda: MONDAY)
    counter.count("maths")

    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(usage, "write_durably", refuse)
        with pytest.raises(LocalError):
            counter.save()
    counter.count("maths")
    counter.save()
    assert read_finished(paths, now=MONDAY + DAY) == {"2026-11-23": {"maths": 2}}


def test_a_card_is_written_only_where_something_was_opened_and_not_often(paths):
    counter = Usage(paths, lambda: MONDAY)
    counter.save()
    counter.count("maths")
    counter.save_when_due()
    assert not paths.usage.exists()


def test_a_whole_class_counts_at_once(paths):
    counter = Usage(paths, lambda: MONDAY)

    def learn():
        for number in range(500):
            counter.count("maths")
            if number == 250:
                counter.save()

    threads = [threading.Thread(target=learn) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counter.save()
    assert read_finished(paths, now=MONDAY + DAY) == {"2026-11-23": {"maths": 4000}}

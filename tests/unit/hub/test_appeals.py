"""Appeals: counted by name, a short queue, told once."""

import pytest

from hub.appeals import MAX_APPEALS, MAX_REASON, Appeal, appeal, forget, read_queue, to_body
from hub.settings import HubPaths


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path)


def ask(paths, name, reason=""):
    return appeal(paths, name, category="games", reason=reason, used="filter-primary@7")


def test_the_same_name_is_counted_and_the_newest_reason_kept(paths):
    assert [ask(paths, "chess.example", reason) for reason in ("урок", "", "турнір\nз шахів")] == (
        ["new", "again", "again"]
    )
    (found,) = read_queue(paths).appeals
    assert found == Appeal("chess.example", "games", 3, "турнір з шахів")


def test_the_queue_is_short(paths):
    assert {ask(paths, f"site-{number}.example") for number in range(MAX_APPEALS)} == {"new"}
    assert ask(paths, "one-more.example") == "full"
    assert ask(paths, "site-7.example") == "again"
    assert len(read_queue(paths).appeals) == MAX_APPEALS


def test_a_reason_is_one_short_line(paths):
    ask(paths, "chess.example", "я\u202e\x00" * 500)
    assert len(read_queue(paths).appeals[0].reason) <= MAX_REASON
    assert read_queue(paths).appeals[0].reason.isprintable()


def test_what_was_told_is_forgotten_and_what_came_meanwhile_stays(paths):
    ask(paths, "chess.example")
    told = to_body(read_queue(paths))
    ask(paths, "chess.example", "знову")
    ask(paths, "go.example")
    forget(paths, told)
    assert [(each.name, each.count) for each in read_queue(paths).appeals] == (
        [("chess.example", 1), ("go.example", 1)]
    )
    forget(paths, told)  # a second time takes nothing
    assert len(read_queue(paths).appeals) == 2
    assert to_body(read_queue(paths)).number != told.number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"number": 1, "filter": "", "appeals": [{"name": "com"}]}',
        "[" * 100_000,
        '{"number": "x"}',
    ],
)
def test_a_damaged_queue_is_an_empty_one(paths, text):
    paths.appeals.write_text(text)
    assert to_body(read_queue(paths)) is None
    assert ask(paths, "chess.example") == "new"

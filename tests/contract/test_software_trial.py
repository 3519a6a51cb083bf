"""Which version of the hub's software runs is said by two shell scripts and written by Python: they agree."""

import pytest

from hub.card import software
from hub.card.software import Trial, read_installed
from hub.cli.card_update import SERVICES
from support.crashing import crash_at
from support.launcher import IMAGE, SHELLS, Launcher


@pytest.fixture(params=SHELLS, ids=["dash", "busybox"])
def card(request, tmp_path):
    return Launcher(tmp_path, request.param)


def test_a_card_without_versions_runs_that_of_its_image(card):
    assert card.boot() == IMAGE


def test_what_a_version_complains_of_is_heard(card):
    assert card.complaint() == "0: dance?\n"
    card.add(7)
    software.begin_trial(card.software, 7)
    assert card.complaint() == "7: dance?\n"


def test_a_version_is_tried_three_times_then_the_one_before_is_back(card):
    for number in (6, 7):
        card.add(number)
        software.begin_trial(card.software, number)
        if number == 6:
            software.commit(card.software)
    assert card.start() == 7  # at once, which is the first try

    assert [card.boot() for _ in range(4)] == [7, 7, 6, 6]

    software.tidy(card.software)
    state = read_installed(card.software)
    assert (state.chosen, state.current, state.previous, state.trial) == (6, 6, None, None)
    assert state.bad == {7}
    assert "start" in software.why_bad(card.software, 7)
    assert card.start() == 6


def test_the_first_version_that_came_gives_way_to_the_image(card):
    card.add(1)
    software.begin_trial(card.software, 1)

    assert [card.boot() for _ in range(3)] == [1, 1, IMAGE]

    software.tidy(card.software)
    assert card.start() == IMAGE


def test_a_version_that_was_found_healthy_stays(card):
    card.add(7)
    software.begin_trial(card.software, 7)
    card.boot()
    software.commit(card.software)

    assert [card.boot() for _ in range(5)] == [7] * 5


def test_a_try_that_takes_too_long_is_over(card):
    card.add(7)
    software.begin_trial(card.software, 7)
    card.boot()
    card.uptime.write_text("909.99 1\n")
    card.trial("give-up")
    assert card.start() == 7  # 15 minutes since the start at 10 s are not yet over

    card.uptime.write_text("910.00 1\n")
    assert "former one is back" in card.trial("give-up")
    assert card.start() == IMAGE
    services = [f"--no-block try-restart {name}.service" for name in SERVICES]
    assert card.restarted.read_text().splitlines() == services


@pytest.mark.parametrize(
    "text", ["", "\n", "7", "7 2", "x 2 5", "7 x 5", "7 -1 5", "7 2 5 9", "\0\0\0", "9" * 600]
)
def test_both_read_a_damaged_trial_as_one_without_a_try_left(card, text):
    card.add(7)
    software.begin_trial(card.software, 7)
    (card.software / "trial").write_text(text)
    assert read_installed(card.software).trial == Trial(7, 0, 0)

    assert card.boot() == IMAGE


@pytest.mark.parametrize("refused", ["bad", "count"])
def test_a_disk_that_takes_no_mark_ends_a_trial_all_the_same(card, refused):
    """Else the version would be tried for ever, or run on without a trial."""
    place = card.add(7)
    software.begin_trial(card.software, 7)
    if refused == "bad":
        (place / "bad").symlink_to("/nowhere/at/all")
        (card.software / "trial").write_text("7 0 10\n")
    else:
        (card.software / "trial.new").mkdir()
    assert "the former one is back" in card.trial("count")

    assert card.start() == IMAGE
    assert read_installed(card.software).trial is None


def test_both_read_what_the_other_writes(card):
    card.add(7)
    software.begin_trial(card.software, 7)
    card.uptime.write_text("12.34 5\n")
    card.trial("count")
    assert read_installed(card.software).on_trial == Trial(7, 1, 12)


def test_an_image_with_newer_software_runs_its_own(card):
    card.add(7, built_at=1000)
    software.begin_trial(card.software, 7)
    assert card.start() == IMAGE


def test_a_version_for_another_python_is_not_taken(card):
    place = card.add(7)
    software.begin_trial(card.software, 7)
    (place / "bin" / "python").unlink()
    (place / "bin" / "python").symlink_to("/usr/bin/python9.9")
    assert card.start() == IMAGE


@pytest.mark.parametrize("gone", ["bin/hub", "built-at"])
def test_a_version_that_is_not_whole_is_not_taken(card, gone):
    card.add(6)
    software.begin_trial(card.software, 6)
    software.commit(card.software)
    place = card.add(7)
    software.begin_trial(card.software, 7)
    (place / gone).unlink()
    assert card.start() == 6


def switch(card):
    software.begin_trial(card.software, 7)


def take_back(card):
    software.give_up(card.software, "it hangs")
    software.tidy(card.software)


def keep(card):
    software.commit(card.software)
    software.tidy(card.software)


@pytest.mark.parametrize(
    ("act", "begin", "allowed", "end"),
    [(switch, [], {6, 7}, 7), (take_back, [switch], {6, 7}, 6), (keep, [switch], {7}, 7)],
    ids=["switch", "take-back", "keep"],
)
def test_at_any_cut_a_whole_version_runs_and_the_next_run_ends_it(tmp_path, act, begin, allowed, end):
    moment = 0
    while True:
        moment += 1
        card = Launcher(tmp_path / str(moment))
        for number in (5, 6, 7):
            card.add(number)
        for number in (5, 6):
            software.begin_trial(card.software, number)
            software.commit(card.software)
        for step in begin:
            step(card)
        with crash_at(moment) as crashing:
            act(card)
        assert card.start() in allowed
        if not crashing.has_crashed:
            break
        assert card.boot() in allowed
        if act is switch and read_installed(card.software).chosen == 6:
            software.tidy(
                card.software
            )  # the switch never was: nothing is left of it but a version to try again
            card.add(7) if not (card.software / "7").exists() else None
        act(card)
        assert card.start() == end
    assert moment > 2


def test_only_the_two_last_versions_are_kept(card):
    for number in (4, 5, 6, 7):
        card.add(number)
        software.begin_trial(card.software, number)
        software.commit(card.software)
        software.tidy(card.software)
    assert sorted(path.name for path in card.software.iterdir()) == ["6", "7", "current", "previous"]


def test_of_a_bad_version_only_the_reason_stays(card):
    card.add(7)
    software.begin_trial(card.software, 7)
    take_back(card)
    assert sorted(path.relative_to(card.software).as_posix() for path in card.software.rglob("*")) == [
        "7",
        "7/bad",
    ]

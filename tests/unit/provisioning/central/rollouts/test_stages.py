"""Who is in which stage: written by rings, numbers and shares; picked by nobody, the same each time."""

import pytest

from content_packs.errors import UsageError
from provisioning.central.fleet import Hub
from provisioning.central.rollouts.stages import Stage, find_whole, parse_stages, place_hubs


def hub(number, ring="all"):
    return Hub(f"h-{number}", f"Школа {number}", ring, "key", "2026")


FLEET = [hub(n, "pilot" if n < 5 else "wave-1" if n < 20 else "all") for n in range(100)]


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("all", [Stage("all")]),
        ("pilot, wave-1 ,all", [Stage("pilot"), Stage("wave-1"), Stage("all")]),
        ("pilot:3,10%,100%", [Stage("pilot", count=3), Stage("all", percent=10), Stage("all")]),
        ("pilot:50 %,7", [Stage("pilot", percent=50), Stage("all", count=7)]),
    ],
)
def test_stages_are_read_and_written_the_same(text, stages):
    assert list(parse_stages(text)) == stages
    assert list(parse_stages(",".join(map(str, stages)))) == stages


@pytest.mark.parametrize(
    "text",
    [
        *("", "pilot,,all", "Pilot", "0", "0%", "101%", "pilot:", ":3", "pilot:x", "-3", "all,all", "=1+1"),
        ",".join(f"r-{n}" for n in range(21)),
    ],
)
def test_what_is_no_stage_is_refused_with_what_would_be(text):
    with pytest.raises(UsageError) as caught:
        parse_stages(text)
    assert "pilot" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("pilot,wave-1,all", [5, 15, 80]),
        ("pilot:3,10%,100%", [3, 7, 90]),  # those of earlier stages count
        ("pilot:99,5%,all", [5, 0, 95]),
        ("1%,50%", [1, 49]),
        ("pilot:1%,all", [1, 99]),  # a share is rounded up to a hub
        ("all,pilot", [100, 0]),
    ],
)
def test_every_hub_is_in_the_first_stage_that_takes_it(text, sizes):
    placed = place_hubs(parse_stages(text), FLEET, seed="maths@3")
    assert [sum(stage == n for stage in placed.values()) for n in range(len(sizes))] == sizes


def test_who_goes_first_is_the_same_each_time_and_another_one_for_another_version():
    stages = parse_stages("5,all")

    def first(seed, hubs):
        return {hub_id for hub_id, stage in place_hubs(stages, hubs, seed=seed).items() if stage == 0}

    assert first("maths@3", FLEET) == first("maths@3", FLEET[::-1])
    assert first("maths@3", FLEET) != first("maths@4", FLEET)


def test_a_hub_that_comes_later_joins_where_its_whole_ring_is():
    stages = parse_stages("pilot:3,wave-1,all")
    assert [find_whole(stages, hub(1, ring)) for ring in ("pilot", "wave-1", "all", "other")] == [2, 1, 2, 2]
    assert find_whole(parse_stages("pilot,10%"), hub(1, "other")) is None

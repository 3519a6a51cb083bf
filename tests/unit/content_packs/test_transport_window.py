"""The window on simulated links: fills them, and never queues much more than two seconds."""

import pytest

from content_packs.transports.window import FIRST_WINDOW_BYTES, MAX_WINDOW_BYTES, MIN_READ_BYTES, Mark, Window


def drive(window: Window, *, bytes_per_s: float, round_trip_s: float, size: int) -> tuple[float, int]:
    """Read `size` bytes over a link; return the seconds it takes and the most that was in flight."""
    now, free_at, asked, most, in_flight = 0.0, 0.0, 0, 0, 0
    flying: list[tuple[float, int, Mark]] = []
    while asked < size or flying:
        while asked < size and window.has_room(in_flight, len(flying)):
            length = min(window.piece_bytes, size - asked)
            free_at = max(free_at, now + round_trip_s / 2) + length / bytes_per_s
            flying.append((free_at + round_trip_s / 2, length, window.mark(in_flight, now)))
            asked += length
            in_flight += length
            most = max(most, in_flight)
        now, length, mark = flying.pop(0)
        in_flight -= length
        window.arrived(length)
        window.answered(mark, length, now)
    return now, most


@pytest.mark.parametrize("bits_per_s", [64_000, 256_000, 1_000_000, 5_000_000])
@pytest.mark.parametrize("round_trip_s", [0.3, 0.6, 1.5])
def test_fills_the_link_without_long_queues(bits_per_s: int, round_trip_s: float) -> None:
    window = Window()
    bytes_per_s = bits_per_s / 8
    drive(window, bytes_per_s=bytes_per_s, round_trip_s=round_trip_s, size=40 * int(bytes_per_s))
    seconds, most = drive(
        window, bytes_per_s=bytes_per_s, round_trip_s=round_trip_s, size=60 * int(bytes_per_s)
    )
    assert seconds < 60 + 2 * round_trip_s + 1
    assert most <= 1.1 * bytes_per_s * (round_trip_s + 2) + 2 * MIN_READ_BYTES


def test_starts_small() -> None:
    window = Window()
    assert window.has_room(FIRST_WINDOW_BYTES - window.piece_bytes, 3)
    assert not window.has_room(FIRST_WINDOW_BYTES, 4)


def test_ends_at_two_mebibytes_however_fast_the_link_is() -> None:
    _, most = drive(Window(), bytes_per_s=1e9, round_trip_s=0.0005, size=50_000_000)
    assert most <= MAX_WINDOW_BYTES


def test_shrinks_when_the_link_slows_down() -> None:
    window = Window()
    drive(window, bytes_per_s=600_000, round_trip_s=0.3, size=6_000_000)
    drive(window, bytes_per_s=8_000, round_trip_s=0.3, size=2_500_000)
    _, most = drive(window, bytes_per_s=8_000, round_trip_s=0.3, size=100_000)
    assert most <= 2.5 * 8_000 * 1.2 + 2 * MIN_READ_BYTES


def test_a_small_file_alone_does_not_pass_for_a_slow_link() -> None:
    window = Window()
    window.arrived(100)
    window.answered(window.mark(0, 0.0), 100, 0.6)
    assert window.has_room(FIRST_WINDOW_BYTES - window.piece_bytes, 0)


def test_tiny_ranges_are_bounded_by_their_number() -> None:
    assert not Window().has_room(0, 256)

"""The links between a hub and its depot that are measured; support.relay plays them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """Between a hub and its depot. `bits_per_s` of None: as fast as loopback is."""

    name: str
    round_trip_s: float = 0.0
    bits_per_s: float | None = None

    def carry_s(self, size_bytes: float) -> float:
        """Return how long the link takes for so many bytes, one after another."""
        return size_bytes * 8 / self.bits_per_s if self.bits_per_s else 0.0


LOOPBACK = Link("loopback")
FIELD = Link("600 ms, 256 kbit/s", round_trip_s=0.6, bits_per_s=256_000)

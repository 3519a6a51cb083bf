"""What is known of very many words, in little memory: 45 bytes a word, where a dict takes 300.

A hash table of our own: places in one long run of bytes. It answers in 2 µs, and finding out what a word is
takes 10 to 280 (`lemmas`).
"""

from array import array

MAX_BYTES = 12_000_000  # of the words: 270,000 Ukrainian ones, more than a school's library has
_SLOTS = 1 << 19  # of 4 bytes: half of them stay free, so that the first or second look finds the word
_BETWEEN, _END = "\t", "\n"  # no token has them
_END_BYTE = _END.encode()


class WordStore:
    """Keeps two texts by a word and a language, until it is full and begins anew. For one thread."""

    def __init__(self, max_bytes: int = MAX_BYTES, slots: int = _SLOTS) -> None:
        """Make an empty one; `slots` is a power of two."""
        self._max_bytes = max_bytes
        self._max_words = slots // 4 * 3
        self._mask = slots - 1
        self._clear()

    def _clear(self) -> None:
        self._places = array("I", bytes(4 * (self._mask + 1)))
        self._data = bytearray(b"\n")  # place 0 means that a slot is free
        self._words = 0

    def find(self, language: str, token: str) -> tuple[str, str] | None:
        """Return what was added."""
        place = self._places[self._find_slot(language, token)]
        if not place:
            return None
        line = self._data[place : self._data.index(_END_BYTE, place)].decode()
        _, _, first, second = line.split(_BETWEEN)
        return first or token, second

    def add(self, language: str, token: str, first: str, second: str) -> None:
        """Add what is known of a word that is not here; a `first` that is the word itself takes no room."""
        if len(self._data) >= self._max_bytes or self._words >= self._max_words:
            self._clear()
        self._places[self._find_slot(language, token)] = len(self._data)
        kept = "" if first == token else first
        self._data += f"{language}{_BETWEEN}{token}{_BETWEEN}{kept}{_BETWEEN}{second}{_END}".encode()
        self._words += 1

    def _find_slot(self, language: str, token: str) -> int:
        """Return the slot of a word, or the free one where it belongs."""
        places, data, mask = self._places, self._data, self._mask
        slot = hash(token) & mask
        beginning = f"{language}{_BETWEEN}{token}{_BETWEEN}".encode()
        while (place := places[slot]) and not data.startswith(beginning, place):
            slot = (slot + 1) & mask
        return slot

"""What is known of many words, in little memory."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from hub.library.lemmas import Reader
from hub.library.word_store import WordStore
from hub.library.words import split_tokens

WORDS = st.text(alphabet="абвіaß1", min_size=1, max_size=80)


@given(st.dictionaries(WORDS, st.tuples(WORDS, st.lists(WORDS))))
def test_gives_back_what_was_added(known: dict[str, tuple[str, list[str]]]) -> None:
    store = WordStore(100_000, slots=1024)
    for token, (word, forms) in known.items():
        assert store.find("uk", token) is None
        store.add("uk", token, word, " ".join(forms))
    assert all(store.find("uk", token) == (word, " ".join(f)) for token, (word, f) in known.items())
    assert all(store.find("en", token) is None for token in known)


def test_words_that_share_a_slot_stay_apart() -> None:
    store = WordStore(10_000, slots=16)
    tokens = [f"слово{number}" for number in range(12)]
    for token in tokens:
        store.add("uk", token, token, f"{token}м")
    assert [store.find("uk", token) for token in tokens] == [(token, f"{token}м") for token in tokens]


def test_begins_anew_when_it_is_full() -> None:
    for store in (WordStore(500, slots=1024), WordStore(100_000, slots=16)):
        for number in range(200):
            store.add("uk", f"слово{number}", f"слово{number}", "")
            assert store.find("uk", f"слово{number}") == (f"слово{number}", "")
        assert store.find("uk", "слово0") is None


def test_a_word_that_is_larger_than_the_store_is_not_kept() -> None:
    store = WordStore(500, slots=1024)
    store.add("uk", "а" * 500, "а", "")
    assert store.find("uk", "а" * 500) is None
    store.add("uk", "а", "а", "б")
    assert store.find("uk", "а") == ("а", "б")


def test_reader_does_not_keep_encoded_data() -> None:
    recent = Reader().words("uk")
    for token in _encoded():
        assert recent[token][0] == token.lower()[:64]
    assert not recent


def _encoded() -> Iterator[str]:
    return (token for token in split_tokens(f"{'QUJD' * 100} {'мова' * 100}"))

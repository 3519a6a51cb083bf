"""The dictionaries of simplemma, as streams and as tries."""

from hub.library.dictionaries import Dictionaries, TrieDictionary

WORDS = {f"word{n:06}": f"lemma{n % 7}" for n in range(25_000)}


def test_trie_answers_as_its_source_does() -> None:
    trie = TrieDictionary(WORDS)
    assert dict(trie) == WORDS
    assert len(trie) == len(WORDS)
    assert all(trie.get(f"{word}x") is None for word in list(WORDS)[::50])
    assert trie.get("a") is trie.get("zzz") is None


def test_trie_of_a_dictionary_sorted_by_endings() -> None:
    backwards = {word[::-1]: lemma for word, lemma in WORDS.items()}
    trie = TrieDictionary(backwards)
    assert all(trie[word] == lemma for word, lemma in backwards.items())


def test_real_trie_agrees_with_the_stream_that_it_replaces() -> None:
    dictionaries = Dictionaries()
    stream = dictionaries.get_dictionary("en")
    dictionaries.quicken()
    assert dictionaries.get_dictionary("en") is stream  # nobody asked yet
    for _ in range(len(stream) // 12 + 1):
        dictionaries.count_question("en")
    dictionaries.quicken()
    trie = dictionaries.get_dictionary("en")
    assert isinstance(trie, TrieDictionary)
    sample = list(stream)[::97]
    assert [trie[word] for word in sample] == [stream[word] for word in sample]


def test_trie_knows_names_as_its_source_does() -> None:
    trie = TrieDictionary({"Kyiv": "Kyiv", "Kyivs": "Kyiv", "river": "river", **WORDS})
    assert trie.get_name("kyivs") == "Kyiv"
    assert trie.get_name("river") is trie.get_name("word000001") is None

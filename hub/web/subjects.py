"""School subjects as the portal shows them: a name, an icon and a colour each."""

from dataclasses import dataclass

from hub.wording import later


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject. `colour` names a class of portal.css, `icon` a symbol of icons.svg."""

    slug: str
    name: str  # English, for pages to translate; or the pack's own word where `known` is false
    icon: str
    colour: str
    known: bool = True


_KNOWN = (
    Subject("mathematics", later("Mathematics"), "maths", "c1"),
    Subject("informatics", later("Computing"), "computing", "c2"),
    Subject("ukrainian", later("Ukrainian"), "letter", "c3"),
    Subject("literature", later("Literature"), "book", "c4"),
    Subject("languages", later("Languages"), "speech", "c5"),
    Subject("history", later("History"), "column", "c6"),
    Subject("geography", later("Geography"), "globe", "c7"),
    Subject("biology", later("Biology"), "leaf", "c8"),
    Subject("nature", later("Nature"), "leaf", "c8"),
    Subject("physics", later("Physics"), "atom", "c2"),
    Subject("chemistry", later("Chemistry"), "flask", "c5"),
    Subject("art", later("Art"), "brush", "c6"),
    Subject("music", later("Music"), "note", "c3"),
    Subject("health", later("Health and sport"), "heart", "c4"),
    Subject("reference", later("Reference"), "books", "c1"),
)
_BY_SLUG = {subject.slug: subject for subject in _KNOWN}
_ALIASES = {
    "maths": "mathematics",
    "math": "mathematics",
    "algebra": "mathematics",
    "geometry": "mathematics",
    "математика": "mathematics",
    "алгебра": "mathematics",
    "геометрія": "mathematics",
    "computing": "informatics",
    "programming": "informatics",
    "computer science": "informatics",
    "інформатика": "informatics",
    "програмування": "informatics",
    "українська мова": "ukrainian",
    "українська": "ukrainian",
    "reading": "literature",
    "література": "literature",
    "українська література": "literature",
    "читання": "literature",
    "english": "languages",
    "language": "languages",
    "англійська мова": "languages",
    "мови": "languages",
    "історія": "history",
    "географія": "geography",
    "біологія": "biology",
    "science": "nature",
    "природознавство": "nature",
    "природа": "nature",
    "я досліджую світ": "nature",
    "фізика": "physics",
    "хімія": "chemistry",
    "мистецтво": "art",
    "музика": "music",
    "здоров'я": "health",
    "фізкультура": "health",
    "encyclopedia": "reference",
    "encyclopaedia": "reference",
    "wikipedia": "reference",
    "довідка": "reference",
    "довідник": "reference",
}
NO_SUBJECT = Subject("", later("Other"), "books", "c0")


def find_subject(text: str) -> Subject:
    """Return the subject that a pack's `subject` means; an unknown word becomes a subject of its own."""
    word = " ".join(text.casefold().replace("’", "'").replace("ʼ", "'").split())
    if not word:
        return NO_SUBJECT
    slug = _ALIASES.get(word, word)
    return _BY_SLUG.get(slug) or Subject(slug, _capital(text.strip()), "book", "c0", known=False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

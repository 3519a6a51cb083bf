"""The kinds of packs as the portal shows them: a name, an icon, a group of hits, and where a pack opens.

What a kind's page does is in the table of view.py, as its functions need pages, and pages need this.
"""

from dataclasses import dataclass

from hub.wording import later


@dataclass(frozen=True, slots=True)
class PackKind:
    """One kind of pack. `icon` is a symbol of icons.svg; names are English, for pages to translate."""

    name: str
    icon: str
    group: str  # what a learner looks for in packs of this kind
    opens_itself: bool = False  # a shelf and a course begin with the page of the pack


_KNOWN = {
    "web": PackKind(later("Interactive lesson"), "page", later("Lessons"), opens_itself=True),
    "files": PackKind(later("Materials"), "files", later("Books and films")),
    "zim": PackKind(later("Encyclopaedia"), "books", later("Encyclopaedia"), opens_itself=True),
    "filter": PackKind(later("Internet filter"), "files", later("Other")),
    "image": PackKind(later("System of the hub"), "files", later("Other")),
    "software": PackKind(later("Software of the hub"), "files", later("Other")),
    "kolibri": PackKind(later("Kolibri course"), "check", later("Kolibri")),
}
_OTHER = PackKind(later("File"), "files", later("Other"))


def find_kind(kind: str) -> PackKind:
    """Return how learners see a kind of pack; one from the future is a file."""
    return _KNOWN.get(kind, _OTHER)


def is_kind(value: str) -> bool:
    """Whether this is a kind of pack, and no type of item."""
    return value in _KNOWN

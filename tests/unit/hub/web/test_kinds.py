"""Every kind of pack has a name, and those for learners open."""

import pytest

from content_packs.kinds import KINDS
from hub.web import view
from hub.web.kinds import find_kind, is_kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_and_a_page(kind: str) -> None:
    assert is_kind(kind)
    assert (kind in view._KINDS) == KINDS[kind].for_learners


def test_a_kind_from_the_future_is_a_file() -> None:
    assert not is_kind("hologram")
    assert find_kind("hologram").name == "File"
    assert not find_kind("hologram").opens_itself

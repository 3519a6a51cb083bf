"""No form leads its reader to another site, whatever somebody wrote into it."""

import pytest

from hub.redirects import is_own_path


@pytest.mark.parametrize("target", ["/", "/packs?page=2#top", "/пошук?q=хліб", "/a//b", "/a:b", "/@x"])
def test_a_path_of_this_site_is_its_own(target):
    assert is_own_path(target)


@pytest.mark.parametrize(
    "target",
    [
        *(
            "",
            "packs",
            "?page=2",
            "http://evil.example/",
            "//evil.example/",
            "///evil.example",
            "javascript:x",
        ),
        *(
            "/\\evil.example",
            "\\\\evil.example",
            "/a\r\nSet-Cookie: x",
            "/\t/evil.example",
            "//[",
            "https:/x",
        ),
    ],
)
def test_all_else_leads_away_or_nowhere(target):
    assert not is_own_path(target)

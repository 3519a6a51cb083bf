"""The page that the front door shows alone, while the portal starts: nothing else can be fetched then."""

import re
from pathlib import Path

from hub.web import app

PAGE = (Path(app.__file__).parent / "templates" / "door" / "starting.html").read_text(encoding="utf-8")


def test_fetches_nothing():
    assert not re.search(r"<(script|link|img|iframe)|url\(|src=|http://|https://", PAGE)
    assert len(PAGE.encode()) < 8192


def test_speaks_five_languages_and_tries_again_by_itself():
    assert re.findall(r'lang="(\w+)"', PAGE) == ["uk", "en", "ro", "hu", "pl"]
    assert re.search(r'<meta http-equiv="refresh" content="\d+">', PAGE)

"""What Chromium 64 does not know stands in no style sheet and no script that portal and dashboard ship."""

import re
from pathlib import Path

import pytest

import hub.web
import provisioning.central.web

SHIPPED = [
    path
    for pages in (hub.web, provisioning.central.web)
    for path in Path(str(pages.__file__)).parent.rglob("*")
    if path.suffix in (".css", ".js")
]
TOO_NEW_CSS = {  # the construct, and the version of Chromium that has it: MDN's compatibility data
    r"(?<![-\w])(?:row-|column-)?gap\s*:": "84, in a flex box",
    r"(?<![-\w])inset(?:-\w+)?\s*:": "87",
    r":(?:is|where|has)\(": "88 and 105",
    r":focus-visible": "86",
    r"(?<![-\w])(?:min|max|clamp)\(": "79",
    r"(?<![-\w])aspect-ratio\s*:": "88",
    r"overflow-wrap\s*:\s*anywhere": "80",
    r"(?:margin|padding)-(?:inline|block)": "69 and 87",
    r"\d(?:dvh|svh|lvh|cqw|lh)\b": "108",
    r"@(?:layer|container|supports\s+selector|property)": "83 to 105",
    r"color-mix\(|oklch\(|light-dark\(": "111 and 123",
    r"overflow(?:-[xy])?\s*:\s*clip": "90",
    r"@media[^{]*(?:<|>)": "104",
    r"&\s*[.:#{>\[]": "112",
    r"(?<!-webkit-)(?<![-\w])line-clamp\s*:": "not yet",
}
TOO_NEW_JS = {
    r"\?\.[\w\[(]": "80",
    r"\?\?": "80",
    r"(?<![\w.])(?:import|export)\s": "61 as a module only; pages load plain scripts",
    r"\.(?:flat|flatMap|matchAll|replaceAll|at|fromEntries|allSettled)\(": "69 to 92",
    r"catch\s*\{": "66",
    r"\bglobalThis\b": "71",
    r"\b(?:AbortController|ResizeObserver|queueMicrotask|structuredClone)\b": "64 to 98",
    r"(?<![\w$])#\w+\s*[=(;]": "74",
    r"\d_\d": "75",
}


def _found(text: str, forbidden: dict[str, str]) -> list[str]:
    plain = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", text, flags=re.DOTALL)
    return [
        f"{m[0]}: Chromium {since}" for word, since in forbidden.items() for m in re.finditer(word, plain)
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_runs_in_chromium_64(path):
    assert (
        _found(path.read_text(encoding="utf-8"), TOO_NEW_CSS if path.suffix == ".css" else TOO_NEW_JS) == []
    )


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        (".a{display:flex;gap:1rem}", TOO_NEW_CSS),
        ("a:focus-visible{width:min(1rem,2vw)}", TOO_NEW_CSS),
        ("@media (width>=20rem){.a{inset:0}}", TOO_NEW_CSS),
        ("box?.hidden", TOO_NEW_JS),
        ("try { a() } catch { b() }", TOO_NEW_JS),
    ],
)
def test_it_would_be_seen(text, forbidden):
    assert _found(text, forbidden)


def test_what_64_knows_may_stand():
    css = (
        "/* no gap: */.a{max-width:1rem;grid-gap:0;-webkit-line-clamp:2}@media (min-width:20rem){b{margin:0}}"
    )
    assert _found(css, TOO_NEW_CSS) == []
    assert _found("var a = b ? .5 : 1; // a?.b\nreturn a;", TOO_NEW_JS) == []

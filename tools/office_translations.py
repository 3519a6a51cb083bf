"""The catalogue of the dashboard, provisioning/central/web/translations: `make translations` renews it too.

Its texts are those of its own pages, the rules for passwords, and what the office's rules say of schools and
rollouts: those modules know no page, so that their sentences are not marked and are found by what they are.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import hub
import provisioning
from tools.translations import KEYWORDS, renewed, to_mo, to_po, untranslated

LANGUAGE = "uk"
_OFFICE = Path(provisioning.__file__).parent / "central"
_TRANSLATIONS = _OFFICE / "web" / "translations"
_METHODS = [("web/**.py", "python"), ("web/templates/**.html", "jinja2")]
_OPTIONS = {"web/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
# Modules whose sentences reach pages, and module-level tables of words that do.
_SENTENCES = ("fleetview", "rollouts/view.py", "rollouts/alerts.py")
_TABLES = ("REASONS",)


def catalogue_path(suffix: str = ".po") -> Path:
    """Return where the catalogue lies."""
    return _TRANSLATIONS / LANGUAGE / "LC_MESSAGES" / f"messages{suffix}"


def find_texts() -> Catalog:
    """Return the texts of the dashboard without translations."""
    found = Catalog()
    passwords = [("passwords.py", "python")]
    for folder, methods in ((_OFFICE, _METHODS), (Path(hub.__file__).parent, passwords)):
        for _, _, text, _, _ in extract_from_dir(folder, methods, _OPTIONS, keywords=KEYWORDS):
            found.add(text)
    for text in find_sentences():
        found.add(text)
    return found


def find_sentences() -> Iterator[str]:
    """Yield the sentences of modules that know no page."""
    for name in _SENTENCES:
        place = _OFFICE / name
        paths = sorted(place.glob("*.py")) if place.is_dir() else [place] if place.exists() else []
        for path in paths:
            yield from sentences_of(ast.parse(path.read_text(encoding="utf-8")))


def sentences_of(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of alerts in a module: arguments of `Alert(…)`, tables of words, sentences in dicts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Alert":
            given = [*node.args[2:3], *node.args[4:5], *(k.value for k in node.keywords if k.arg in _NAMED)]
            yield from _texts(given)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from _assigned(node)


_NAMED = ("text", "hint")


def _assigned(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    """Yield sentences that a name is given, and the words of tables."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    if isinstance(node.value, ast.Dict):
        texts = list(_texts(node.value.values))
        yield from texts if {*names} & {*_TABLES} else filter(_is_sentence, texts)
    elif node.value is not None:
        yield from filter(_is_sentence, _texts([node.value]))


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
        elif isinstance(node, ast.IfExp):
            yield from _texts([node.body, node.orelse])


def _is_sentence(text: str) -> bool:
    return " " in text and text[:1].isupper() and text.endswith((".", "?", ":"))


def read_catalogue() -> Catalog:
    """Return what is translated."""
    with catalogue_path().open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def main() -> int:
    """Write the catalogue; tell what is not translated."""
    known = read_catalogue() if catalogue_path().exists() else Catalog(locale=LANGUAGE)
    catalogue = renewed(LANGUAGE, find_texts(), known)
    catalogue_path().parent.mkdir(parents=True, exist_ok=True)
    catalogue_path().write_bytes(to_po(catalogue))
    catalogue_path(".mo").write_bytes(to_mo(read_catalogue()))
    missing = list(untranslated(catalogue))
    for text in missing:
        print(f"{LANGUAGE}, dashboard: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

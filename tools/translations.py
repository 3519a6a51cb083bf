"""`make translations`: bring the message catalogues up to the texts in the code, and compile them.

Texts are English in code and templates. Learners' ones are translated into every language of the portal,
those of teachers and technicians into `STAFF_LANGUAGES`; `learners.cfg` and `staff.cfg` say which is which.
"""

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

import hub
from hub.web.portal import LANGUAGES, STAFF_LANGUAGES

HUB = Path(hub.__file__).parent
TRANSLATIONS = HUB / "web" / "translations"
SOURCE = "en"
TRANSLATED = tuple(code for code in LANGUAGES if code != SOURCE)
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS = DEFAULT_KEYWORDS | {"later": None}


def catalogue_path(language: str, suffix: str = ".po") -> Path:
    """Return where the catalogue of a language lies."""
    return TRANSLATIONS / language / "LC_MESSAGES" / f"messages{suffix}"


def find_texts(*, staff: bool) -> Catalog:
    """Return the texts of the code without translations: learners' ones, and with `staff` all."""
    found = Catalog()
    for listing in ("learners", "staff") if staff else ("learners",):
        with (TRANSLATIONS / f"{listing}.cfg").open(encoding="utf-8") as file:
            methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
        for _, _, text, _, _ in extract_from_dir(HUB, methods, options, keywords=KEYWORDS):
            found.add(text)
    return found


def read_catalogue(language: str) -> Catalog:
    """Return what is translated into a language; empty for a new one."""
    path = catalogue_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def renew(language: str) -> Catalog:
    """Return the catalogue of a language with every text that it shall have, and no other."""
    return renewed(language, find_texts(staff=language in STAFF_LANGUAGES), read_catalogue(language))


def renewed(language: str, texts: Catalog, known: Catalog) -> Catalog:
    """Return a catalogue of just `texts`, with what is known of them."""
    catalogue = Catalog(locale=language)
    for text in texts:
        if text.id:
            before = known.get(text.id)
            string = before.string if before is not None and _kind(before) == _kind(text) else None
            catalogue.add(text.id, string or "", user_comments=before.user_comments if before else ())
    return catalogue


def _kind(message: Message) -> bool:
    return bool(message.pluralizable)


def forms(message: Message) -> tuple[str, ...]:
    """Return the translations of a text, as many as it has plural forms."""
    string = message.string
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)


def untranslated(catalogue: Catalog) -> Iterator[str]:
    """Yield the texts that lack a translation."""
    for message in catalogue:
        if message.id and not all(forms(message)):
            yield message.id if isinstance(message.id, str) else message.id[0]


def to_po(catalogue: Catalog) -> bytes:
    """Return the file that translators edit: no dates and no places, so that only texts make differences."""
    plural = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    header = (
        f'msgid ""\nmsgstr ""\n"Language: {catalogue.locale_identifier}\\n"\n"Plural-Forms: {plural}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    body = io.BytesIO()
    write_po(body, catalogue, width=110, omit_header=True, sort_output=True)
    return header.encode() + body.getvalue().lstrip(b"\n")


def to_mo(catalogue: Catalog) -> bytes:
    """Return the file that the portal reads: the same bytes for the same texts."""
    catalogue.creation_date = catalogue.revision_date = _NO_DATE
    body = io.BytesIO()
    write_mo(body, catalogue)
    return body.getvalue()


def main() -> int:
    """Write the catalogues of all languages; tell what is not translated."""
    missing = 0
    for language in TRANSLATED:
        catalogue = renew(language)
        catalogue_path(language).parent.mkdir(parents=True, exist_ok=True)
        catalogue_path(language).write_bytes(to_po(catalogue))
        with catalogue_path(language).open("rb") as file:
            catalogue_path(language, ".mo").write_bytes(to_mo(read_po(file, locale=language)))
        for text in untranslated(catalogue):
            missing += 1
            print(f"{language}: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

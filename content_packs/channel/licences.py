"""Licences and languages, from the words of pack.toml (SPDX, BCP 47) to the ones that Kolibri knows."""

from dataclasses import dataclass

ALL_RIGHTS_RESERVED = "LicenseRef-All-Rights-Reserved"

_LICENCES = {
    "CC-BY": "CC BY",
    "CC-BY-SA": "CC BY-SA",
    "CC-BY-ND": "CC BY-ND",
    "CC-BY-NC": "CC BY-NC",
    "CC-BY-NC-SA": "CC BY-NC-SA",
    "CC-BY-NC-ND": "CC BY-NC-ND",
    "CC0": "Public Domain",
    "CC-PDDC": "Public Domain",
    "PDDL": "Public Domain",
    ALL_RIGHTS_RESERVED: "All Rights Reserved",
}
_LANGUAGE_NAMES = {
    "uk": "Українська",
    "en": "English",
    "ro": "Română",
    "hu": "Magyar",
    "pl": "Polski",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "sk": "Slovenčina",
    "bg": "Български",
    "crh": "Qırımtatarca",
}
_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}


def kolibri_licence(spdx: str) -> tuple[str, str]:
    """Return the name that Kolibri shows for a licence, and a description where it has no name for it."""
    name = _LICENCES.get(spdx) or _LICENCES.get(spdx.rpartition("-")[0])
    return (name, "") if name else ("Special Permissions", spdx)


@dataclass(frozen=True, slots=True)
class Language:
    """A row of Kolibri's table of languages."""

    id: str
    code: str
    subcode: str | None
    name: str
    direction: str


def kolibri_language(tag: str) -> Language:
    """Return Kolibri's row for a BCP 47 tag."""
    code, _, subcode = tag.partition("-")
    direction = "rtl" if code in _RIGHT_TO_LEFT else "ltr"
    return Language(tag[:14], code, subcode[:10] or None, _LANGUAGE_NAMES.get(code, tag), direction)

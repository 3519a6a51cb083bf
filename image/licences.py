"""Licence names as Debian and PyPI write them, in SPDX's words."""

import re
from collections.abc import Iterable

# Debian's short names (DEP-5) and trove classifiers → SPDX identifiers.
_NAMES = {
    "apache-2.0": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "artistic": "Artistic-1.0-Perl",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "bsd": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-4-clause": "BSD-4-Clause",
    "bsd-4-clause-uc": "BSD-4-Clause-UC",
    "boost": "BSL-1.0",
    "bsl-1.0": "BSL-1.0",
    "cc0": "CC0-1.0",
    "cc0-1.0": "CC0-1.0",
    "expat": "MIT",
    "mit": "MIT",
    "mit license": "MIT",
    "gpl": "GPL-1.0-or-later",
    "gpl-1": "GPL-1.0-only",
    "gpl-1+": "GPL-1.0-or-later",
    "gpl-2": "GPL-2.0-only",
    "gpl-2+": "GPL-2.0-or-later",
    "gpl-2.0": "GPL-2.0-only",
    "gpl-2.0+": "GPL-2.0-or-later",
    "gpl-3": "GPL-3.0-only",
    "gpl-3+": "GPL-3.0-or-later",
    "isc": "ISC",
    "isc license (iscl)": "ISC",
    "lgpl-2": "LGPL-2.0-only",
    "lgpl-2+": "LGPL-2.0-or-later",
    "lgpl-2.1": "LGPL-2.1-only",
    "lgpl-2.1+": "LGPL-2.1-or-later",
    "lgpl-3": "LGPL-3.0-only",
    "lgpl-3+": "LGPL-3.0-or-later",
    "mpl-2.0": "MPL-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "ofl-1.1": "OFL-1.1",
    "openssl": "OpenSSL",
    "psf-2": "PSF-2.0",
    "python-2.0": "Python-2.0",
    "python software foundation license": "PSF-2.0",
    "public-domain": "LicenseRef-public-domain",
    "unicode": "Unicode-DFS-2016",
    "zlib": "Zlib",
    "gfdl-1.3+": "GFDL-1.3-or-later",
    "0bsd": "0BSD",
}
_FIELD = re.compile(r"^License:[ \t]*(?P<name>[^\n]+)$", re.MULTILINE)
_WORD = re.compile(r"[^A-Za-z0-9.-]+")
_PLAIN = frozenset(_NAMES.values())


def to_spdx(name: str) -> str:
    """Return the SPDX identifier of one licence; `LicenseRef-…` where none is known."""
    known = _NAMES.get(name.strip().lower())
    if known:
        return known
    if name in _PLAIN:
        return name
    return f"LicenseRef-{_WORD.sub('-', name.strip()).strip('-.')[:60] or 'unnamed'}"


def of_copyright(text: str) -> str:
    """Return the licences of one Debian package, from its copyright file, as an SPDX expression."""
    names: set[str] = set()
    if "copyright-format" in text[:400]:
        for field in _FIELD.finditer(text):
            names.update(re.split(r"\s+(?:and/or|and|or)\s+|\s*[,|]\s*", field["name"].strip()))
    return join(to_spdx(re.sub(r"\s+with\b.*", "", name, flags=re.IGNORECASE)) for name in names if name)


def of_metadata(expression: str, licence: str, classifiers: Iterable[str]) -> str:
    """Return the licences of one Python package, from the fields of its METADATA."""
    if expression:
        return expression
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: ")]
    named = [name for name in named if name != "OSI Approved"]
    if named:
        return join(map(to_spdx, named))
    first = licence.strip().splitlines()[0] if licence.strip() else ""
    return to_spdx(first) if first and len(first) < 60 else "NOASSERTION"


def join(names: Iterable[str]) -> str:
    """Return one expression of several licences; all of them hold for some part."""
    unique = sorted(set(names))
    return " AND ".join(unique) if unique else "NOASSERTION"

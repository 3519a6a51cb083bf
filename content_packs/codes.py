"""Codes that others keep: languages (ISO 639-1) and licences (SPDX). Doubts only: new codes appear."""

import difflib
import re

_SPDX = re.compile(r"\(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*( (AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*")
_LICENCES = (
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "LicenseRef-all-rights-reserved",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-SA-3.0",
    "CC0-1.0",
    "GPL-3.0-or-later",
    "MIT",
)
_LANGUAGES = """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz
    ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik
    io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml
    mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd
    se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve
    vi vo wa wo xh yi yo za zh zu
""".split()  # noqa: SIM905 - six lines instead of 184
_COUNTRIES = {"ua": "uk", "cz": "cs", "dk": "da", "gr": "el", "jp": "ja", "cn": "zh", "ge": "ka", "md": "ro"}


def doubt_language(code: str) -> tuple[str, str] | None:
    """Return what is odd about a BCP 47 code, and a hint; None where nothing is."""
    main = code.split("-")[0].lower()
    if len(main) != 2 or main in _LANGUAGES:
        return None
    meant = _COUNTRIES.get(main)
    hint = f"Did you mean {meant!r}?" if meant else 'For example "uk" or "en".'
    return f"language: {code!r} is no language that we know", hint


def doubt_licence(text: str) -> tuple[str, str] | None:
    """Return what is odd about a licence, and a hint; None for what looks like an SPDX expression."""
    if _SPDX.fullmatch(text):
        return None
    close = difflib.get_close_matches(text.replace(" ", "-"), _LICENCES, n=1, cutoff=0.7)
    hint = f"Did you mean {close[0]!r}?" if close else f"For example {', '.join(_LICENCES[:3])}."
    return f"licence: {text!r:.80} is no SPDX identifier", hint

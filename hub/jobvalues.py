"""What jobs there are, and which values each takes: a plain table, for who asks and for who runs them.

A check returns what would be right instead of the value, or nothing where it is right.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from content_packs.depot import is_pack_id
from content_packs.errors import UsageError
from hub.school.check import check_answer
from hub.school.fields import BY_KEY
from hub.settings import MAX_BUDGET_MB
from hub.uplink.quiet_hours import check_quiet_hours

Check = Callable[[str], str]

_STICK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_FILE = re.compile(r"[^/.\s][^/]{0,199}")  # a person may have named it anew, with a space or in Ukrainian
_SETTING = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?")  # a key of the school config, such as wifi.ssid
_MAX_VALUE = 4000  # characters; the longest is the office's root in a school config


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One kind of job: the values it must have, those it may have, and which are secret."""

    required: Mapping[str, Check] = field(default_factory=dict)
    optional: Mapping[str, Check] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()
    other: Check | None = None  # of the name of a value that stands in neither, where such may be


def check_stick(text: str) -> str:
    """Return what would be right, or nothing: the name that `hub.sticks` gives a stick."""
    return "" if _STICK.fullmatch(text) else "expected the name of a stick, as `list_sticks` gives it"


def check_file(text: str) -> str:
    """Return what would be right, or nothing: the name of a file, never a path."""
    is_name = _FILE.fullmatch(text) and text.isprintable()
    return "" if is_name else "expected the name of a backup file"


def check_time(text: str) -> str:
    """Return what would be right, or nothing: a time with its zone."""
    try:
        moment = datetime.fromisoformat(text)
        is_whole = moment.tzinfo is not None and moment.astimezone(UTC) == moment
    except (ValueError, OverflowError):  # at the ends of the calendar another zone leads out of it
        is_whole = False
    return "" if is_whole else "expected a time with its zone, such as 2026-11-28T19:30:00+02:00"


def _check_pack(text: str) -> str:
    return "" if is_pack_id(text) else "expected the id of a pack"


def _check_secret(text: str) -> str:
    return "" if 1 <= len(text) <= _MAX_VALUE and text.isprintable() else "expected a code or password"


def _check_setting(text: str) -> str:
    """Return what would be right, or nothing: a setting of the school's. The office's are none: whoever took
    the portal over could name another root of trust, and root would run what that one signed.
    """
    if text in BY_KEY and BY_KEY[text].office:
        return "only the office's own hub-config.txt says that"
    return "" if _SETTING.fullmatch(text) else "expected settings of the school config, such as wifi.ssid"


def check_megabytes(text: str) -> str:
    """Return what would be right, or nothing: a budget of the uplink."""
    is_right = text.isascii() and text.isdecimal() and len(text) < 10 and int(text) <= MAX_BUDGET_MB
    return "" if is_right else f"expected megabytes, 0 to {MAX_BUDGET_MB}"


_STICK_ONLY: Mapping[str, Check] = {"stick": check_stick}
_WIFI: Mapping[str, Check] = {
    name: partial(check_answer, f"wifi.{name}") for name in ("ssid", "password", "channel", "mode")
}
_LIMITS: Mapping[str, Check] = {  # what is left out is no limit
    "quiet_hours": check_quiet_hours,
    **dict.fromkeys(("session_mb", "day_mb", "month_mb"), check_megabytes),
}
SPECS: Mapping[str, JobSpec] = {
    "sync": JobSpec(),
    "sync-from": JobSpec(_STICK_ONLY),
    "eject": JobSpec(_STICK_ONLY),
    "backup": JobSpec(_STICK_ONLY, {"password": _check_secret}, frozenset({"password"})),
    "restore": JobSpec(
        {"stick": check_stick, "file": check_file}, {"password": _check_secret}, frozenset({"password"})
    ),
    "set-time": JobSpec({"iso": check_time}),
    "restart": JobSpec(),
    "power-off": JobSpec(),
    "wifi": JobSpec({}, _WIFI, frozenset({"password"})),
    "sync-limits": JobSpec({}, _LIMITS),
    "rollback": JobSpec({"pack": _check_pack}),
    "follow": JobSpec({"pack": _check_pack}),
    "repair": JobSpec(),
    "check-again": JobSpec(),
    "support-file": JobSpec(),
    "school-config": JobSpec(other=_check_setting),
}


def check_job(name: object, values: object) -> dict[str, str]:
    """Return the values of a job, checked.

    Raises:
        UsageError: no such job, a value is missing, unknown or wrong; names it. A secret is never quoted.
    """
    spec = SPECS.get(name) if isinstance(name, str) else None
    if spec is None:
        raise UsageError(f"no job is called {str(name)[:40]!r}", hint=f"There are {', '.join(SPECS)}.")
    if not isinstance(values, Mapping):
        raise UsageError(f"{name}: its values are no table of names and texts")
    for key in spec.required:
        if key not in values:
            raise UsageError(f"{name}: {key} is missing")
    return {str(key): _checked(str(name), spec, key, value) for key, value in values.items()}


def _checked(name: str, spec: JobSpec, key: object, value: object) -> str:
    if not isinstance(key, str) or not isinstance(value, str) or not _is_text(value):
        raise UsageError(f"{name}: {str(key)[:40]!r} is not a text of at most {_MAX_VALUE} characters")
    check = spec.required.get(key) or spec.optional.get(key)
    if check is None:
        wrong = spec.other(key) if spec.other is not None else "it takes no such value"
    else:
        wrong = check(value)
    if wrong:
        said = key if check is None or key in spec.secret else f"{key} is {value[:40]!r}"
        raise UsageError(f"{name}: {said}: {wrong}", hint="Correct it and ask again.")
    return value


def _is_text(value: str) -> bool:
    """Whether it can be written into any file: JSON may hold half a character."""
    return len(value) <= _MAX_VALUE and "\0" not in value and value.encode(errors="ignore").decode() == value


def without_secrets(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that may be kept: of settings, where any may be secret, none."""
    spec = SPECS.get(name, JobSpec())
    return {key: value for key, value in values.items() if key not in spec.secret and spec.other is None}

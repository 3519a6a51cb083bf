"""The hub's folder from the school config: its key, the depot's host keys, the office's root, hub.toml.

What the office or a person changed there stays: host keys rotate by signed metadata, settings by pages. Only
what the school config says otherwise than at the boot before is written.
"""

import hashlib
import json
import os
import pwd
import re
import shutil
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from content_packs.depot import check_hub_id
from content_packs.durable import write_durably
from content_packs.errors import BadDataError, LocalError, UsageError
from content_packs.owner import as_owner
from content_packs.spare import read_whole
from content_packs.transports import check_url
from hub.card.identity import is_private_key, public_line
from hub.identity import make_key, mend, require_root
from hub.school import CentralConfig, SchoolConfig
from hub.school.root import unpack_root
from hub.settings import HUB_TOML, HubPaths

_ACCOUNT = "hub"
_BARE_KEY = re.compile("[A-Za-z0-9_-]+")
_SECRET = 0o600


@dataclass(frozen=True, slots=True)
class HubFacts:
    """Who this hub is."""

    hub_id: str
    public_key: str  # one OpenSSH line
    is_new_key: bool  # made just now: the office does not know it


def make_hub_dir(paths: HubPaths, config: SchoolConfig, before: SchoolConfig | None) -> HubFacts:
    """Bring the hub's folder up to the school config; `before` is what it was made of at the boot before.

    Raises:
        BadDataError: the root is none; UsageError: the address or a host key is none. All else is done then.
        OSError: the data partition cannot be written.
    """
    paths.dir.mkdir(parents=True, exist_ok=True)
    give_to_hub(paths)
    with as_owner(paths.dir):
        return _make(paths, config, before)


def _make(paths: HubPaths, config: SchoolConfig, before: SchoolConfig | None) -> HubFacts:
    private, is_new = _keep_key(paths)
    public = public_line(private)
    told = _read_toml(paths)
    hub_id = _choose_id(config.central.hub_id, str(told.get("hub_id", "")), public)
    changed = before is None or before.central != config.central
    wrong = _apply_central(paths, config.central, changed=changed)
    depot_url = _choose_depot(paths, config.central, str(told.get("depot_url", "")), changed=changed)
    public_file, line = paths.key.with_suffix(".pub"), f"{public} {hub_id}\n".encode()
    if not public_file.is_file() or public_file.read_bytes() != line:  # a full disk takes nothing at a start
        write_durably(public_file, line)
    settings = _merge(told, _settings(config, hub_id, depot_url))
    if settings != told:
        write_durably(paths.settings, render_toml(settings).encode(), mode=0o640)
    mend(paths)
    _keep_token(paths, config.central.enrol_token)
    if wrong is not None:
        raise wrong
    return HubFacts(hub_id, public, is_new)


def _keep_key(paths: HubPaths) -> tuple[bytes, bool]:
    kept = read_whole(paths.key, paths.spare / paths.key.name, is_private_key, mode=_SECRET)
    if kept is not None:
        return kept.data, False
    private, _ = make_key()
    for path in (paths.key, paths.spare / paths.key.name):
        write_durably(path, private, mode=_SECRET)
    return private, True


def _choose_id(given: str, kept: str, public_key: str) -> str:
    """Return the office's id, else the one that this hub has, else one made from its key."""
    made = f"h-{hashlib.sha256(public_key.encode()).hexdigest()[:12]}"
    for hub_id in (given, kept):
        try:
            return check_hub_id(hub_id)
        except UsageError:
            continue
    return made


def _choose_depot(paths: HubPaths, central: CentralConfig, kept: str, *, changed: bool) -> str:
    """Return where the depot is: without an office an empty folder, so that all else works."""
    if central.address and (changed or not kept):
        return central.address
    return kept or str(paths.dir / "no-depot")


def _apply_central(
    paths: HubPaths, central: CentralConfig, *, changed: bool
) -> UsageError | BadDataError | None:
    """Write the office's keys and root where the config has others than before; return what is wrong."""
    if not central.address:
        return None
    try:
        root = unpack_root(central.root)
        if changed or not paths.root.is_file() or paths.root.read_bytes() != root:
            require_root(root)
        check_url(central.address, host_keys=list(central.host_keys))
    except ValueError as error:
        return BadDataError(f"central.root: {error}", hint="Ask the office for a new file (central card).")
    except (BadDataError, UsageError) as error:
        return error
    if changed or not paths.host_keys.exists():
        write_durably(paths.host_keys, "".join(f"{line}\n" for line in central.host_keys).encode())
    if not paths.root.exists() or (changed and paths.root.read_bytes() != root):
        _change_office(paths, root)
    return None


def _change_office(paths: HubPaths, root: bytes) -> None:
    """Trust another office: what the one before had signed counts no more."""
    shutil.rmtree(paths.trust, ignore_errors=True)
    write_durably(paths.root, root)


def _keep_token(paths: HubPaths, token: str) -> None:
    """Keep the one-time token for `hub enrol`; the first sync with the hub's own key throws it away."""
    if token:
        write_durably(paths.enrol_token, f"{token}\n".encode(), mode=_SECRET)


def change_settings(paths: HubPaths, section: str, values: Mapping[str, Any]) -> None:
    """Change values of a table of hub.toml, as the account that owns it; all else keeps its meaning.

    Raises:
        LocalError: the file is spoiled, and so is its copy.
        OSError: it cannot be written.
    """
    told = _read_toml(paths)
    if not told:
        raise LocalError(f"{paths.settings}: cannot be read", hint="Restart the hub, which makes it anew.")
    write_durably(paths.settings, render_toml(_merge(told, {section: dict(values)})).encode(), mode=0o640)
    mend(paths)


def _settings(config: SchoolConfig, hub_id: str, depot_url: str) -> dict[str, Any]:
    return {
        "hub_id": hub_id,
        "depot_url": depot_url,
        "portal": {"name": config.school_name, "language": config.language},
        "door": {"enabled": True, "hub_name": config.hub_name, "user": "www-data"},
        "kolibri": {"command": "/opt/kolibri/bin/kolibri"},
    }


def _merge(told: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(told)
    for key, value in ours.items():
        inner = told.get(key)
        merged[key] = (
            {**(inner if isinstance(inner, dict) else {}), **value} if isinstance(value, dict) else value
        )
    return merged


def _read_toml(paths: HubPaths) -> dict[str, Any]:
    """Return what hub.toml says, or its spare copy; nothing where both are spoiled."""
    kept = read_whole(paths.settings, paths.spare / HUB_TOML, _is_toml, by_hand=True, mode=0o640)
    return {} if kept is None else tomllib.loads(kept.data.decode("utf-8-sig"))


def _is_toml(data: bytes) -> bool:
    try:
        return "hub_id" in tomllib.loads(data.decode("utf-8-sig"))
    except ValueError:
        return False


def render_toml(settings: Mapping[str, Any]) -> str:
    """Return hub.toml: plain values first, then its tables; what a person wrote there keeps its meaning."""
    lines = ["# Written by `hub card boot` from hub-config.txt; other settings stay as they are."]
    tables = {key: value for key, value in settings.items() if isinstance(value, dict)}
    lines += [_line(key, value) for key, value in settings.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{_key(name)}]", *(_line(key, value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _line(key: str, value: object) -> str:
    return f"{_key(key)} = {_value(value)}"


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    """Return a value as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(_line(key, each) for key, each in value.items())} }}" if value else "{}"
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    return repr(value)


def give_to_hub(paths: HubPaths) -> None:
    """Let the account of the hub own its folder, and files of root's right in it, as an earlier version of
    the hub left them; on a machine without it, nothing. A file with another name elsewhere stays root's:
    whoever took the portal over can give any file of this disk a name in here.
    """
    if os.geteuid() != 0:
        return
    try:
        account = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        return
    folder = os.open(paths.dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        os.fchown(folder, account.pw_uid, account.pw_gid)
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
        for name in names:
            _give(folder, name, account.pw_uid, account.pw_gid)
    finally:
        os.close(folder)


def _give(folder: int, name: str, uid: int, gid: int) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with suppress(OSError):  # it went, or became a link, since
        file = os.open(name, flags, dir_fd=folder)
        try:
            found = os.fstat(file)
            if stat.S_ISREG(found.st_mode) and found.st_uid == 0 and found.st_nlink == 1:
                os.fchown(file, uid, gid)
        finally:
            os.close(file)

"""The support file: what somebody far away needs to see, and nothing about anybody in the school.

A zip with LIST.txt, which says what is in it. Passwords, keys, codes and tokens are left out; addresses of
devices and of the school's network are replaced in every log.
"""

import io
import json
import os
import re
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from content_packs.durable import write_durably
from content_packs.errors import Error, local_error
from content_packs.owner import as_owner
from content_packs.transports.address import without_password
from hub.clock import hub_now
from hub.jobs import jobs_dir
from hub.runner.task import Outcome, Task
from hub.settings import HubPaths
from hub.wording import later

FOLDER = "support"  # in the hub's folder
FILE = "hub-support.zip"
_LOG = Path("/data/log")
_MAX_LOG_BYTES = 512 * 1024  # of each, the newest
_SECRET_KEY = re.compile(r"(?i)pass|secret|token|key|code")
_MAC = re.compile(r"\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b", re.IGNORECASE)
_IPV4 = re.compile(r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:])", re.IGNORECASE)
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']+")  # of an address: what somebody looked for
_SECRET_TEXT = re.compile(
    r"(?i)([a-z_]*(?:passphrase|password|psk|secret|token|label[_ ]?code))(['\"]?\s*[=:]\s*)"
    r"(?:\"[^\"\n]*\"|'[^'\n]*'|\S+)"
)
_HOSTNAME = re.compile(r"(?i)\b(DHCP(?:ACK|OFFER|REQUEST|DISCOVER)\S*.*?<device>) \S+$", re.MULTILINE)
_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "log/journal.txt": ("journalctl", "--boot", "--no-pager", "--no-hostname", "--lines=4000"),
    "log/kernel.txt": ("dmesg",),
    "machine/services.txt": ("systemctl", "--no-pager", "--failed", "--all", "list-units", "hub-*"),
    "machine/disks.txt": ("df", "-h"),
    "machine/memory.txt": ("free", "-m"),
    "machine/usb.txt": ("lsblk", "-o", "NAME,SIZE,FSTYPE,RO,MOUNTPOINTS"),
    "machine/network.txt": ("ip", "-brief", "address"),
}


def make_support_file(task: Task) -> Outcome:
    """Write HUB_DIR/support/hub-support.zip anew."""
    now = hub_now(task.paths.trust)
    parts = dict(_list_parts(task))
    data = pack(parts, now)
    path = task.paths.dir / FOLDER / FILE
    try:
        _write(task, path, data)
    except OSError as error:
        raise local_error(error, "writing the support file") from error
    return Outcome(
        later("The support file is ready: %(size_bytes)s. It holds no passwords and no personal data."),
        result={"file": f"{FOLDER}/{FILE}", "size_bytes": len(data), "parts": sorted(parts)},
    )


def _write(task: Task, path: Path, data: bytes) -> None:
    """Write as the hub's account: root follows no name in its folder."""
    with as_owner(task.paths.dir):
        write_durably(path, data, mode=0o640)


def pack(parts: Mapping[str, str], now: datetime) -> bytes:
    """Return the zip of these texts, with a list of them."""
    listed = "".join(f"{name}\n" for name in sorted(parts))
    intro = (
        "What this file holds. Passwords, keys and codes are left out; addresses of devices are\n"
        "replaced by <device> and <address>. There are no names of learners or teachers in it.\n\n"
    )
    out = io.BytesIO()
    when = (max(now.year, 1980), now.month, now.day, now.hour, now.minute, now.second)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {"LIST.txt": intro + listed, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name, when), text.encode("utf-8", "replace"))
    return out.getvalue()


def _list_parts(task: Task) -> Iterator[tuple[str, str]]:
    try:
        said = json.dumps(task.machine.run_hub(task.paths, "status", "--json"), indent=1)
        yield "status.json", _without_addresses(said)
    except Error as error:
        yield "status.txt", f"{error.message}\n"
    with as_owner(task.paths.dir):  # a link there leads nowhere that the portal could not go itself
        own = {
            "settings.txt": _settings(task.paths),
            "jobs.txt": "\n".join(_list_jobs(task.paths)),
            "log/nginx.log.txt": clean(_tail(task.paths.run / "nginx.log")),
        }
    logs = {f"log/{name}.txt": clean(_tail(_LOG / name)) for name in ("warnings.1", "warnings")}
    yield from ((name, text) for name, text in (own | logs).items() if text)
    for name, command in _PROGRAMS.items():
        try:
            text = task.machine.run(*command)
        except Error as error:
            text = f"{error.message}\n"
        yield name, clean(text[-_MAX_LOG_BYTES:])


def clean(text: str) -> str:
    """Return a log without what tells anything about somebody's device, and without passwords."""
    text = _QUERY.sub(r"\1?<left out>", _SECRET_TEXT.sub(r"\1\2<left out>", text))
    return _HOSTNAME.sub(r"\1 <name>", _without_addresses(text))


def _without_addresses(text: str) -> str:
    text = _MAC.sub("<device>", text)
    return _IPV4.sub("<address>", _IPV6.sub(lambda found: _hidden(found[0]), text))


def _hidden(text: str) -> str:
    """Return what stands for an address of IPv6, which may tell a device; a time of day is none."""
    try:
        IPv6Address(text)
    except ValueError:
        return text
    return "<address>"


def without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with everything left out that may be a secret."""
    left: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            left[key] = without_secrets(value)
        elif _SECRET_KEY.search(key):
            left[key] = "<left out>"
        else:
            left[key] = without_password(value) if isinstance(value, str) and "://" in value else value
    return left


def _settings(paths: HubPaths) -> str:
    try:
        values = tomllib.loads(paths.settings.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return f"hub.toml cannot be read: {error}\n"
    return json.dumps(without_secrets(values), indent=1, ensure_ascii=False) + "\n"


def _list_jobs(paths: HubPaths) -> Iterator[str]:
    for path in sorted(jobs_dir(paths).glob("*.json")):
        try:
            said = json.loads(path.read_bytes())
            yield clean(f"{path.stem} {said['state']} {said['message'] % said['result']}")
        except (OSError, ValueError, KeyError, TypeError):
            yield f"{path.stem} cannot be read"


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _MAX_LOG_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""

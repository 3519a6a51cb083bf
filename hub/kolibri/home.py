"""What Kolibri gets from us before it starts: a home, a secret, an administrator, its environment.

kolibri/                      HubPaths.kolibri
├── home/                     KOLIBRI_HOME: its databases, logs, nothing of ours
├── content/                  the tree that hub.kolibri.content_tree keeps
├── kept/                     copies of its databases: hub.kolibri.kept
├── secret/hub_kolibri.py     its Django settings: Kolibri's own, with a key and language of this hub
├── superuser.json            {"username", "password"} of its administrator, for the technician
├── provision.json            read and deleted by Kolibri at its first start
└── channels.json             which version of which pack each channel came from
"""

import json
import os
import re
import secrets
import shutil
import socket
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.errors import ProcessDownError
from hub.settings import LOOPBACK, HubPaths, HubSettings

_SETTINGS_MODULE = "hub_kolibri"
_SUPERUSER = "hub-admin"
_LANGUAGES = ("uk", "en")
_LANGUAGE = "HUB_KOLIBRI_LANGUAGE"  # of pages that Kolibri is asked for without one, as by our links
_SECRET = re.compile(r"^SECRET_KEY = '[^'\n]+'$", re.MULTILINE)
_MAX_NAME = 50  # characters of a device's name: kolibri/core/device/models.py


@dataclass(frozen=True, slots=True)
class KolibriHome:
    """A Kolibri that is ready to be started."""

    dir: Path  # KOLIBRI_HOME
    content: Path  # the tree that it reads channels from
    executable: Path
    env: Mapping[str, str]
    host: str
    port: int
    zip_port: int

    @property
    def database(self) -> Path:
        """Kolibri's main database; we only read it."""
        return self.dir / "db.sqlite3"

    @property
    def own_databases(self) -> Path:
        """Where Kolibri puts channels that somebody imports with its own pages."""
        return self.dir / "content" / "databases"


def prepare_home(paths: HubPaths, settings: HubSettings) -> KolibriHome:
    """Make ready what Kolibri needs; what is already there is kept.

    Raises:
        ProcessDownError: Kolibri is not installed.
    """
    executable = find_executable(settings.kolibri.command)
    base = paths.kolibri
    home = base / "home"
    for folder in (home, base / "content" / "databases", base / "content" / "storage"):
        folder.mkdir(parents=True, exist_ok=True)
    _write_secret(base / "secret")
    free = _two_free_ports()
    port, zip_port = settings.kolibri.port or free[0], settings.kolibri.zip_port or free[1]
    ready = KolibriHome(
        dir=home,
        content=base / "content",
        executable=executable,
        env=_environment(base, settings, port, zip_port),
        host=_listen_host(settings),
        port=port,
        zip_port=zip_port,
    )
    if not is_provisioned(ready):
        _write_provision(base, settings)
    return ready


def find_executable(command: str, *, prefix: Path | None = None) -> Path:
    """Return the kolibri program: `command`, else in .venv-kolibri beside our environment, else on PATH.

    Raises:
        ProcessDownError: none of these is there.
    """
    beside = (prefix or Path(sys.prefix)).parent / ".venv-kolibri" / "bin" / "kolibri"
    for name in [command] if command else [str(beside), "kolibri"]:
        if found := shutil.which(name):
            return Path(found).absolute()
    place = command or f"{beside}, nor on PATH"
    raise ProcessDownError(f"Kolibri is not installed: there is no {place}", hint="Run `make kolibri`.")


def is_provisioned(home: KolibriHome) -> bool:
    """Tell whether Kolibri has its facility and administrator."""
    if not home.database.is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{home.database.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT is_provisioned FROM device_devicesettings").fetchall()
    except sqlite3.OperationalError:
        return False  # its first start was cut before the tables were made
    return any(provisioned for (provisioned,) in rows)


def _listen_host(settings: HubSettings) -> str:
    return settings.kolibri.host or settings.inner_host


def _environment(base: Path, settings: HubSettings, port: int, zip_port: int) -> dict[str, str]:
    """Return the whole environment of Kolibri: nothing of ours leaks in, least of all PYTHONPATH."""
    inherited = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ}
    options = {
        "AUTOMATIC_PROVISION_FILE": str(base / "provision.json"),
        "CONTENT_FALLBACK_DIRS": str(base / "content"),
        "DISABLE_PING": "True",  # no telemetry, no waiting for a net that is not there
        "HTTP_PORT": str(port),
        "LANGUAGES": ",".join(_LANGUAGES),
        "LISTEN_ADDRESS": _listen_host(settings),
        "MINIMUM_DISK_SPACE": str(settings.sync.reserve_bytes),
        "ZEROCONF_ENABLED": "False",  # the hub announces itself
        "ZIP_CONTENT_PORT": str(zip_port),
    }
    if settings.door.enabled:
        options["ZIP_CONTENT_ORIGIN"] = str(settings.door.zip_port or settings.door.port + 3)
    return inherited | {
        "HOME": str(base / "home"),
        "LANG": "C.UTF-8",
        "KOLIBRI_HOME": str(base / "home"),
        "DJANGO_SETTINGS_MODULE": _SETTINGS_MODULE,
        "PYTHONPATH": str(base / "secret"),
        _LANGUAGE: settings.portal.language if settings.portal.language in _LANGUAGES else _LANGUAGES[0],
        **{f"KOLIBRI_{name}": value for name, value in options.items()},
    }


def _write_secret(folder: Path) -> None:
    """Write Django settings with a key of this hub: the key in the package is the same everywhere."""
    module = folder / f"{_SETTINGS_MODULE}.py"
    before = module.read_text(encoding="utf-8") if module.is_file() else ""
    known = _SECRET.search(before)
    lines = [
        "import os",
        "from kolibri.deployment.default.settings.base import *  # noqa: F403",
        known[0] if known else f"SECRET_KEY = {secrets.token_urlsafe(48)!r}",
        f"LANGUAGE_CODE = os.environ[{_LANGUAGE!r}]",
        # Kolibri allows any origin for its HTML5 resources, but only while it is not told their port; the
        # front door's differs from its own.
        'CSP_FRAME_SRC = CSP_MEDIA_SRC = (*CSP_DEFAULT_SRC, "http:", "https:")  # noqa: F405',
    ]
    text = "\n".join(lines) + "\n"
    if text != before:
        folder.mkdir(mode=0o700, exist_ok=True)
        write_durably(module, text.encode(), mode=0o600)


def _write_provision(base: Path, settings: HubSettings) -> None:
    name = (settings.portal.name or settings.hub_id)[:_MAX_NAME]
    provision = {
        "facility_name": name,
        "preset": "formal",
        # The formal preset lets learners in without a password: no place for anything with marks.
        "facility_settings": {"learner_can_login_with_no_password": False, "learner_can_edit_password": True},
        "device_settings": {
            "name": name,
            "language_id": settings.portal.language,
            "landing_page": "learn",
            "allow_guest_access": True,
            "allow_learner_unassigned_resource_access": True,
            "allow_peer_unlisted_channel_import": True,  # channels that are not of Studio count as unlisted
        },
        "superuser": _superuser(base / "superuser.json"),
    }
    write_durably(base / "provision.json", json.dumps(provision).encode(), mode=0o600)


def _superuser(path: Path) -> dict[str, str]:
    """Return Kolibri's administrator; the password is drawn once and never on a command line."""
    try:
        known: dict[str, str] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        known = {"username": _SUPERUSER, "password": secrets.token_urlsafe(16)}
        write_durably(path, json.dumps(known).encode(), mode=0o600)
    return known


def _two_free_ports() -> tuple[int, int]:
    with socket.create_server((LOOPBACK, 0)) as first, socket.create_server((LOOPBACK, 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]

"""The one settings object of a hub: hub.toml, read once, passed on. Reference: docs/reference/settings.md."""

import dataclasses
import os
import re
import reprlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from content_packs.depot import MIB, check_hub_id
from content_packs.errors import UsageError, local_error
from content_packs.spare import read_whole
from hub.uplink.limits import Limits
from hub.uplink.quiet_hours import check_quiet_hours, parse_quiet_hours

HUB_TOML = "hub.toml"
SYNC_LOCK = "sync"  # held by whatever changes which packs are shown
RESERVE_SHARE = 0.05
_MAX_TIMEOUT_S = 3600.0
_MAX_RESERVE_BYTES = 1024 * 1024 * MIB  # more than any card or disk of a school
_MAX_PORT = 65535
MAX_BUDGET_MB = 1_000_000  # a terabyte: nobody pays for more by the byte
_MAX_LINK_KBIT_S = 10_000_000
_MAX_STICK_DAYS = 3650
_MB = 1_000_000  # as those who sell data count
_MAX_ARTICLES = 10_000_000
_MAX_THREADS = 64  # four times what keeps a Pi's four cores busy
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_ACCOUNT = re.compile(r"([a-z_][a-z0-9_-]{0,31})?")
_LISTEN_HOST = re.compile(r"[A-Za-z0-9.:_-]{0,253}")  # a number or a name: what nginx reads as one word
_HOST_NAME = re.compile(rf"(?=.{{1,150}}\Z){_LABEL}(\.{_LABEL})+")  # leaves room for a pack's own label
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class HubPaths:
    """Where things lie below a hub's state directory."""

    dir: Path

    @property
    def settings(self) -> Path:
        """hub.toml."""
        return self.dir / HUB_TOML

    @property
    def key(self) -> Path:
        """The hub's private SSH key; the public one lies beside it with `.pub`."""
        return self.dir / "keys" / "id_ed25519"

    @property
    def host_keys(self) -> Path:
        """Public host keys of the depot, one a line."""
        return self.dir / "keys" / "depot_host_keys"

    @property
    def enrol_token(self) -> Path:
        """The one-time token that the card brought; gone once the office knows the hub's own key."""
        return self.dir / "keys" / "enrol-token"

    @property
    def depot_ca(self) -> Path:
        """Certificates of the authorities for an https depot; without the file, the system's own count."""
        return self.dir / "keys" / "depot_ca.pem"

    @property
    def trust(self) -> Path:
        """TUF metadata that was verified, and the root that the hub came with."""
        return self.dir / "trust"

    @property
    def spare(self) -> Path:
        """Copies of the files that nobody can make again: content_packs/spare.py."""
        return self.dir / "spare"

    @property
    def root(self) -> Path:
        """The TUF root that the hub came with."""
        return self.trust / "hub-root.json"

    @property
    def store(self) -> Path:
        """Each file once, named by its SHA-256."""
        return self.dir / "store"

    @property
    def outbox(self) -> Path:
        """What the office has not acknowledged yet: hub/outbox.py."""
        return self.dir / "outbox"

    @property
    def usage(self) -> Path:
        """How often packs were opened, by day: hub/usage.py."""
        return self.dir / "usage"

    def held(self, pack_id: str) -> Path:
        """The version of a pack that a person rolled back from; no file: none."""
        return self.packs / pack_id / "held"

    @property
    def packs(self) -> Path:
        """Installed packs: <id>/<version>/{index.zst, files/, extras/} and <id>/current."""
        return self.dir / "packs"

    @property
    def db(self) -> Path:
        """hub.db: an index of what is on disk, and the history of syncs."""
        return self.dir / "hub.db"

    @property
    def search_db(self) -> Path:
        """search.db: the search index; may be deleted, it is made again."""
        return self.dir / "search.db"

    @property
    def accounts_db(self) -> Path:
        """accounts.db: who may sign in; no index, nobody can make it again: hub/accounts.py."""
        return self.dir / "accounts.db"

    @property
    def label_code(self) -> Path:
        """A hash of the code on the hub's printed label: hub/labelcode.py."""
        return self.dir / "keys" / "label_code"

    @property
    def session_key(self) -> Path:
        """What the portal signs its cookies with: hub/accounts.py."""
        return self.dir / "keys" / "session_key"

    @property
    def kolibri(self) -> Path:
        """Kolibri's home, content tree, secret and settings."""
        return self.dir / "kolibri"

    @property
    def run(self) -> Path:
        """What running processes tell each other (ports); worthless after a reboot."""
        return self.dir / "run"

    @property
    def pages(self) -> Path:
        """Finished pages for the front door, in memory: hub/web/pagefiles.py."""
        return self.run / "pages"

    @property
    def portal_socket(self) -> Path:
        """Where the front door finds the portal."""
        return self.run / "portal.sock"

    @property
    def packs_socket(self) -> Path:
        """Where the front door finds the packs' origin."""
        return self.run / "packs.sock"

    @property
    def updates(self) -> Path:
        """What root says of updates, for the pages and the office: hub/updates.py."""
        return self.dir / "updates.json"

    @property
    def appeals(self) -> Path:
        """Which blocked sites somebody asks the office for: hub/appeals.py."""
        return self.dir / "appeals.json"

    @property
    def ballast(self) -> Path:
        """Room for when the disk is full: hub/ballast.py."""
        return self.dir / "ballast"

    def lock(self, name: str) -> Path:
        """A lock file; never deleted."""
        return self.dir / "locks" / name


def _within(default: float, least: float, most: float) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a number's field: what stands in hub.toml outside `least` to `most` is not taken."""
    return field(default=default, metadata={"least": least, "most": most})


def _checked(default: str, check: Callable[[str], str]) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Return a text's field: what `check` finds a fault with is not taken."""
    return field(default=default, metadata={"check": check})


def check_host_name(text: str) -> str:
    """Return what would be right instead of `text`, or nothing where it is a host name such as hub.lan."""
    return "" if _HOST_NAME.fullmatch(text) else "expected a host name such as hub.lan"


def check_account(text: str) -> str:
    """Return what would be right instead of `text`, or nothing where it is an account of this machine.

    Root's nginx reads it: with a `;` in it, everything behind that would be a directive of its own, and
    workers of root would send whatever a link in the hub's folder leads to.
    """
    fits = _ACCOUNT.fullmatch(text) and text != "root"
    return "" if fits else "expected the name of an account such as www-data"


def check_listen_host(text: str) -> str:
    """Return what would be right instead of `text`, or nothing where it is an address to listen on."""
    return "" if _LISTEN_HOST.fullmatch(text) else "expected an address such as 127.0.0.1"


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """How the hub uses its uplink."""

    connect_timeout_s: float = _within(60.0, 1, _MAX_TIMEOUT_S)  # TCP, keys, sign-in, each: slow mobile links
    step_timeout_s: float = _within(60.0, 1, _MAX_TIMEOUT_S)  # silence after which the link counts as dead
    reserve_bytes: int = _within(1024 * MIB, 0, _MAX_RESERVE_BYTES)  # left free by packs, as 5 % of the disk
    quiet_hours: str = _checked("", check_quiet_hours)  # such as "08:00-15:00": content waits
    session_mb: int = _within(0, 0, MAX_BUDGET_MB)  # of the uplink for one sync, both ways; 0: no limit
    day_mb: int = _within(0, 0, MAX_BUDGET_MB)  # of the uplink for a day; 0: no limit
    month_mb: int = _within(0, 0, MAX_BUDGET_MB)  # of the uplink for a month; 0: no limit
    link_kbit_s: int = _within(0, 0, _MAX_LINK_KBIT_S)  # speed of the uplink for forecasts; 0: as measured
    stick_days: int = _within(14, 1, _MAX_STICK_DAYS)  # what takes longer should come on a stick
    report_hours: float = _within(24.0, 1, 8760)  # how often to report to the office where nothing happened
    neighbours: bool = True  # take files from other hubs of this network before the uplink is asked
    share: bool = True  # let other hubs of this network take files of packs from here

    def reserve(self, disk_bytes: int) -> int:
        """Return the bytes of a disk that packs never fill: 5 % of it, at least the setting."""
        return max(int(disk_bytes * RESERVE_SHARE), self.reserve_bytes)

    def limits(self) -> Limits:
        """Return what the uplink may carry."""
        return Limits(
            parse_quiet_hours(self.quiet_hours),
            *(count * _MB for count in (self.session_mb, self.day_mb, self.month_mb)),
        )


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """Where learners find the hub."""

    host: str = _checked("0.0.0.0", check_listen_host)  # noqa: S104 - the classroom's own network
    port: int = _within(8080, 1, _MAX_PORT)  # of the portal
    content_port: int = _within(0, 0, _MAX_PORT)  # the packs' own origin; 0: the portal's port + 1
    name: str = ""  # the school, as learners see it
    language: str = "uk"  # of the pages, until a learner chooses: uk, en, ro, hu or pl
    threads: int = _within(16, 1, _MAX_THREADS)  # pages at once; three times as many large files beside
    patience_s: float = _within(30.0, 1, _MAX_TIMEOUT_S)  # a browser that stands still so long is cut off


@dataclass(frozen=True, slots=True)
class KolibriSettings:
    """The Kolibri process."""

    enabled: bool = True  # false: no courses, and no process
    command: str = ""  # the kolibri executable; empty: .venv-kolibri beside our own environment, else $PATH
    host: str = _checked("", check_listen_host)  # where it listens; empty: where the portal does
    port: int = _within(8090, 0, _MAX_PORT)  # of its pages; 0: any free port
    zip_port: int = _within(8091, 0, _MAX_PORT)  # its second origin, for HTML5 resources; 0: any free port


@dataclass(frozen=True, slots=True)
class KiwixSettings:
    """The kiwix-serve process, reached only through the content origin."""

    enabled: bool = True  # false: ZIMs are listed and searched, but do not open
    command: str = "kiwix-serve"  # the executable, looked for in $PATH
    port: int = _within(0, 0, _MAX_PORT)  # 0: any free port on loopback
    indexed_articles: int = _within(50_000, 0, _MAX_ARTICLES)  # ZIMs with more are searched by kiwix-serve


CAPTIVE_MODES = ("welcome", "silent", "off")


def check_captive_mode(text: str) -> str:
    """Return what would be right instead of `text`, or nothing where it is a mode."""
    return "" if text in CAPTIVE_MODES else f"expected one of {', '.join(CAPTIVE_MODES)}"


@dataclass(frozen=True, slots=True)
class CaptiveSettings:
    """What phones and computers find when they look whether this network leads to the Internet."""

    mode: str = _checked("welcome", check_captive_mode)  # "silent": no sign-in sheet; "off": as other hosts
    hours: float = _within(10.0, 0.1, 24)  # after "Continue" a device is left alone so long: a school day
    names: str = ""  # other names of this hub, separated by spaces: they are served, not sent to hub.lan


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """The front door: nginx before the portal, the packs and Kolibri, as `hub front-door` sets it up."""

    enabled: bool = False  # true: nginx serves everybody; the portal and Kolibri listen on loopback only
    host: str = _checked("0.0.0.0", check_listen_host)  # noqa: S104 - nginx's: the classroom's own network
    port: int = _within(80, 1, _MAX_PORT)  # of everything
    packs_port: int = _within(0, 0, _MAX_PORT)  # packs, where a browser uses a number; 0: the port + 1
    kolibri_port: int = _within(0, 0, _MAX_PORT)  # Kolibri, where a browser uses a number; 0: the port + 2
    zip_port: int = _within(0, 0, _MAX_PORT)  # Kolibri's HTML5 resources; 0: the port + 3
    hub_name: str = _checked("hub.lan", check_host_name)  # the portal; Kolibri is kolibri.<hub_name>
    packs_domain: str = _checked("hubpacks.lan", check_host_name)  # packs are p-<id>.<packs_domain>
    kolibri_admin: bool = False  # true: Kolibri's pages for its administrator can be reached by everybody
    user: str = _checked("", check_account)  # of nginx's workers, started by root; empty: the folder's owner


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Everything in hub.toml.

    No typing error bricks a school: an unknown key is kept aside in `unknown`; a value that cannot be used
    leaves its setting at the default, and `refused` says so.
    """

    hub_id: str  # its name in the fleet, as the office enrolled it
    depot_url: str  # sftp://user@host:port/path, https://host/path, or a folder
    sync: SyncSettings = field(default_factory=SyncSettings)
    portal: PortalSettings = field(default_factory=PortalSettings)
    kolibri: KolibriSettings = field(default_factory=KolibriSettings)
    kiwix: KiwixSettings = field(default_factory=KiwixSettings)
    captive: CaptiveSettings = field(default_factory=CaptiveSettings)
    door: DoorSettings = field(default_factory=DoorSettings)
    unknown: tuple[str, ...] = ()
    refused: tuple["Refused", ...] = ()

    @property
    def inner_host(self) -> str:
        """Where the portal listens: behind the front door, on loopback only."""
        return LOOPBACK if self.door.enabled else self.portal.host


@dataclass(frozen=True, slots=True)
class Refused:
    """A value of hub.toml that is not used, and why; `str` is the sentence."""

    key: str
    why: str

    def __str__(self) -> str:
        return f"{self.key}: {self.why}"


_SECTIONS: dict[str, type] = {
    "sync": SyncSettings,
    "portal": PortalSettings,
    "kolibri": KolibriSettings,
    "kiwix": KiwixSettings,
    "captive": CaptiveSettings,
    "door": DoorSettings,
}
_REQUIRED = ("hub_id", "depot_url")
_TYPE_WORDS: dict[type, str] = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def read_settings(paths: HubPaths) -> HubSettings:
    """Read hub.toml; where a power cut or a typing error spoiled it, what it said when it was last right.

    Raises:
        UsageError: not a hub directory, not TOML, or no usable `hub_id` and `depot_url`; names the key.
    """
    try:
        kept = read_whole(paths.settings, paths.spare / HUB_TOML, _is_usable, by_hand=True)
    except OSError as error:
        raise local_error(error, f"reading {paths.settings}") from error
    if kept is None:
        return _read_anew(paths)
    settings = _parse(kept.data)
    if kept.refused is None:
        return settings
    try:
        _parse(kept.refused)
    except UsageError as error:
        why = f"{error.message.removeprefix(f'{HUB_TOML}: ')}; what it said when it was last right is used"
        return dataclasses.replace(settings, refused=(Refused(HUB_TOML, why),))
    raise AssertionError("what was refused cannot be used")


def _read_anew(paths: HubPaths) -> HubSettings:
    """Read a hub.toml of which there is no copy that could be used."""
    try:
        return _parse(paths.settings.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = "Give --dir or $HUB_DIR, or make one with `hub init DIR`."
        raise UsageError(f"{paths.dir}: no {HUB_TOML} there", hint=hint) from error
    except OSError as error:
        raise local_error(error, f"reading {paths.settings}") from error


def _is_usable(data: bytes) -> bool:
    try:
        _parse(data)
    except UsageError:
        return False
    return True


def _parse(data: bytes) -> HubSettings:
    try:
        return from_dict(tomllib.loads(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise UsageError(f"{HUB_TOML}: not UTF-8", hint="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{HUB_TOML}: not valid TOML: {error}", hint="Correct that line.") from error


def from_dict(values: Mapping[str, Any]) -> HubSettings:
    """Return the settings in `values`; what is missing or cannot be used takes its default.

    Raises:
        UsageError: `hub_id` or `depot_url` is missing or wrong: nobody can guess these.
    """
    unknown: list[str] = []
    refused: list[Refused] = []
    sections: dict[str, Any] = {}
    for key, value in values.items():
        if key in _SECTIONS:
            sections[key] = _section(key, value, unknown, refused)
        elif key not in _REQUIRED:
            unknown.append(key)
    hub_id, depot_url = (_required(key, values.get(key)) for key in _REQUIRED)
    check_hub_id(hub_id)
    return HubSettings(hub_id, depot_url, **sections, unknown=tuple(unknown), refused=tuple(refused))


def _required(key: str, value: object) -> str:
    if value is None or value == "":
        raise UsageError(f"{HUB_TOML}: {key} is missing", hint="`hub init` writes it.")
    if not isinstance(value, str):
        raise UsageError(f"{HUB_TOML}: {key}: expected text, got {value!r}", hint="`hub init` writes it.")
    return value


def _section(name: str, values: object, unknown: list[str], refused: list[Refused]) -> object:
    section = _SECTIONS[name]
    if not isinstance(values, dict):
        refused.append(Refused(name, f"expected a table [{name}], got {reprlib.repr(values)}"))
        return section()
    known = {f.name: f for f in dataclasses.fields(section)}
    unknown.extend(f"{name}.{key}" for key in values if key not in known)
    taken: dict[str, object] = {}
    for key in [key for key in known if key in values]:
        wrong = _check_value(values[key], known[key])
        if wrong:
            default = known[key].default
            instead = "it counts as empty" if default == "" else f"{default!r} is used"
            why = f"{wrong}, got {reprlib.repr(values[key])}; {instead}"
            refused.append(Refused(f"{name}.{key}", why))
        else:
            # A whole number may stand for a number.
            taken[key] = float(values[key]) if isinstance(known[key].default, float) else values[key]
    return section(**taken)


def _check_value(value: object, known: "dataclasses.Field[Any]") -> str:
    """Return what would be right instead, or nothing where the value can be used."""
    wanted = type(known.default)
    accepted = (int, float) if wanted is float else (wanted,)
    # To Python true is a whole number, to the person who wrote hub.toml it is not.
    if not isinstance(value, accepted) or isinstance(value, bool) != (wanted is bool):
        return f"expected {_TYPE_WORDS[wanted]}"
    rules = known.metadata
    if isinstance(value, str):
        return str(rules["check"](value)) if "check" in rules else ""
    if rules and isinstance(value, int | float) and not rules["least"] <= value <= rules["most"]:
        return f"expected {rules['least']} to {rules['most']}"  # NaN comes here too
    return ""


def find_dir(given: str | None) -> HubPaths:
    """Return the state directory: `given` (--dir), else $HUB_DIR; UsageError where neither is set."""
    chosen = given or os.environ.get("HUB_DIR")
    if not chosen:
        raise UsageError(
            "which hub? no --dir and no $HUB_DIR",
            hint="Say `hub --dir DIR …`, or set HUB_DIR, to the folder that `hub init` made.",
        )
    return HubPaths(Path(chosen).absolute())

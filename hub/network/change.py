"""What the school config wants, made so: at boot (`prepare_network`) and later (`change_network`)."""

from contextlib import nullcontext
from ipaddress import IPv4Address, IPv4Network

from content_packs.durable import write_durably
from content_packs.errors import LocalError, UsageError, local_error
from content_packs.owner import as_owner
from hub.network import filters
from hub.network.apply import Runner, apply_network, write_network
from hub.network.facts import Machine
from hub.network.lan import Lan, choose_lan
from hub.network.layout import lay_out
from hub.network.lessons import class_moment
from hub.network.look import look
from hub.network.paths import NetworkPaths
from hub.network.render import Network, render
from hub.network.wishes import School, Wishes
from hub.settings import DoorSettings, HubPaths, HubSettings, read_settings
from hub.uplink.limits import Moment


def prepare_network(paths: NetworkPaths, hub: HubPaths, school: School) -> list[str]:
    """Write the network's files before anything reads them: `hub card boot`. Return the hub's own numbers.

    A radio that the kernel has not found yet is no harm: the watcher looks again.

    Raises:
        LocalError: a folder cannot be written.
    """
    network = _plan(paths, hub, school)
    write_network(network, paths)
    return _addresses(network, paths)


def change_network(
    paths: NetworkPaths, hub: HubPaths, school: School, *, run: Runner | None = None
) -> list[str]:
    """Make a running network as another school config wants it. Return the hub's own numbers.

    Raises:
        UsageError: the Wi-Fi cannot be made so, and nothing was changed.
        LocalError: a folder cannot be written, or a command fails.
    """
    network = _plan(paths, hub, school, strict=True)
    apply_network(network, paths, run=run)
    return _addresses(network, paths)


def _plan(paths: NetworkPaths, hub: HubPaths, school: School, *, strict: bool = False) -> Network:
    wishes = Wishes.of(school)
    with as_owner(hub.dir) if hub.dir.is_dir() else nullcontext():
        settings = read_hub_settings(hub)
    network = plan_network(
        wishes, look(), paths, settings, is_online=paths.online.exists(), moment=class_moment(hub)
    )
    if strict and network.faults:
        raise UsageError(network.faults[0], hint="Choose another name or password.")
    note_wishes(wishes, paths)
    return network


def _addresses(network: Network, paths: NetworkPaths) -> list[str]:
    if network.layout.lan:
        return [str(network.lan.hub)]
    known = read_guest(paths) if network.layout.guest_at else ""
    return [known] if known else []


def read_guest(paths: NetworkPaths) -> str:
    """Return the address that another network gave this hub last; empty: none, or it is damaged."""
    try:
        return str(IPv4Address(paths.guest.read_text(encoding="ascii").strip()))
    except (OSError, ValueError):
        return ""


def read_hub_settings(hub: HubPaths) -> HubSettings | None:
    """Return hub.toml; None where there is none: a card that has no office yet has a network all the same."""
    try:
        return read_settings(hub)
    except UsageError:
        return None


def note_wishes(wishes: Wishes, paths: NetworkPaths) -> None:
    """Keep for the watcher what the school config asks for; LocalError where /run refuses."""
    try:
        write_durably(paths.wishes, wishes.to_json(), mode=0o600)
    except OSError as error:
        raise local_error(error, f"writing {paths.wishes}") from error


def read_wishes(paths: NetworkPaths) -> Wishes:
    """Return what `hub card boot` noted.

    Raises:
        LocalError: it has not run since the machine started, or the note is damaged.
    """
    try:
        return Wishes.from_json(paths.wishes.read_bytes())
    except OSError as error:
        raise LocalError(
            f"{paths.wishes}: not there", hint="This is for a hub's card: `hub card boot` writes it."
        ) from error


def read_lan(paths: NetworkPaths, machine: Machine, lan_interface: str) -> Lan:
    """Return the class's range, as far from the networks outside as it can be."""
    try:
        kept = IPv4Network(paths.range.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        kept = None
    return choose_lan(outside(machine, lan_interface), kept)


def outside(machine: Machine, lan_interface: str) -> list[IPv4Network]:
    """Return the networks outside that gave us an address."""
    return [way.address.network for way in machine.ways if way.interface != lan_interface]


def plan_network(
    wishes: Wishes,
    machine: Machine,
    paths: NetworkPaths,
    settings: HubSettings | None,
    *,
    moment: Moment | None = None,
    is_online: bool = False,
) -> Network:
    """Return the network as it shall be at `moment`; reads the range and the filter that were kept."""
    used = filters.read_filter(paths)
    lesson = used.is_lesson(moment)
    return render(
        wishes,
        machine,
        read_lan(paths, machine, lay_out(wishes, machine).lan),
        paths,
        door=settings.door if settings else None,
        gated=settings is None or settings.captive.mode == "welcome",
        is_online=is_online,
        has_filter=used.is_there,
        lists=used.lists(paths, lesson=lesson),
        safe_search=used.addresses(lesson=lesson),
    )


def own_names(wishes: Wishes, settings: HubSettings | None) -> tuple[str, str]:
    """Return the names of this hub, with everything below them."""
    door = settings.door if settings else DoorSettings()
    return wishes.hub_name, door.packs_domain

"""Which school config counts at this boot: the card's, else the last good one, else a safe one."""

from dataclasses import dataclass, replace
from pathlib import Path

from content_packs.durable import write_durably
from content_packs.spare import read_whole
from hub.card.boot_partition import read_school_config, write_fat
from hub.card.places import CardPlaces
from hub.school import (
    FILE_NAME,
    Finding,
    SchoolConfig,
    WifiConfig,
    read_config,
    remove_secrets,
    to_file,
    write_config,
)

SETUP = "HUB-SETUP"
_SECRET = 0o600


@dataclass(frozen=True, slots=True)
class Chosen:
    """The config of this boot, and where it is from."""

    config: SchoolConfig
    source: str  # card, last-good or default
    before: SchoolConfig | None  # the last good one
    findings: tuple[Finding, ...]
    language: str
    file: Path | None  # the file on the card
    data: bytes = b""  # what it held


def choose(places: CardPlaces, machine_id: str) -> Chosen:
    """Read the card's config; where it cannot be used, the last good one, else the network HUB-SETUP-xxxx.

    Raises:
        OSError: the data partition cannot be read.
    """
    before = read_last_good(places)
    try:
        found = read_school_config(places.boot)
    except OSError:
        found = None
    fallback = before or make_default(machine_id)
    source = "last-good" if before else "default"
    if found is None:
        missing = Finding(0, "", "no-file", {"name": FILE_NAME})
        return Chosen(fallback, source, before, (missing,), fallback.language, None)
    path, data = found
    reading = read_config(data, before=before)
    if reading.config is None:
        return Chosen(fallback, source, before, reading.findings, reading.language, path, data)
    return Chosen(reading.config, "card", before, reading.findings, reading.language, path, data)


def make_default(machine_id: str) -> SchoolConfig:
    """Return what a card without a config does: an open network that leads to the page of the first start."""
    name = f"{SETUP}-{machine_id[:4].upper()}"
    return SchoolConfig("setup", name, wifi=WifiConfig(ssid=name))


def read_last_good(places: CardPlaces) -> SchoolConfig | None:
    """Return the last good config; None: there never was one, or both copies are spoiled.

    Raises:
        OSError: it may not be read.
    """
    kept = read_whole(places.school, places.spare(places.school), _is_good, mode=_SECRET)
    return None if kept is None else read_config(kept.data).config


def _is_good(data: bytes) -> bool:
    return read_config(data).config is not None


def keep(places: CardPlaces, config: SchoolConfig) -> None:
    """Make a config the last good one; one-time secrets, which others keep from now on, are left out.

    Raises:
        OSError: the data partition cannot be written.
    """
    lasting = lasting_part(config)
    text = write_config(lasting, comments=False).encode()
    for path in (places.school, places.spare(places.school)):
        if not path.is_file() or path.read_bytes() != text:
            write_durably(path, text, mode=_SECRET)


def lasting_part(config: SchoolConfig) -> SchoolConfig:
    """Return a config without what is used once: the first password and the token."""
    return replace(config, technician_password="", central=replace(config.central, enrol_token=""))


def take_secrets_off(places: CardPlaces, chosen: Chosen) -> bool:
    """Remove the secrets from the card's file, once they are kept; whether there were any.

    Raises:
        OSError: the FAT partition cannot be written; LocalError: nor mounted for it.
    """
    if chosen.file is None or chosen.source != "card":
        return False
    left = remove_secrets(chosen.data, chosen.language)
    return left is not None and write_fat(chosen.file, left)


def put_on_card(places: CardPlaces, config: SchoolConfig, *, kept: SchoolConfig | None) -> None:
    """Write a config that was changed on a page onto the FAT partition; its secrets as stored in the hub, but
    for those that `kept`, the last good config, does not have.

    Raises:
        OSError: the FAT partition cannot be written; LocalError: nor mounted for it.
    """
    stored = {"technician_password", "central.enrol_token"}
    if config.wifi.password and kept and kept.wifi.password == config.wifi.password:
        stored.add("wifi.password")
    if config.uplink.password and kept and kept.uplink.password == config.uplink.password:
        stored.add("uplink.password")
    found = read_school_config(places.boot)
    path = found[0] if found else places.boot / FILE_NAME
    write_fat(path, to_file(write_config(config, config.language, stored=stored)))

"""Which interface does what. Pure."""

from dataclasses import dataclass
from typing import Literal

from hub.network.facts import Interface, Machine
from hub.network.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Layout:
    """The class's network, and the ways out.

    Without a LAN the hub is a guest in the network that a cable leads to (`guest_at`), and serves there.
    """

    lan: str = ""
    lan_sort: Literal["", "wifi", "cable"] = ""
    radio: Interface | None = None  # of the access point
    client_radio: str = ""  # the radio that joins another Wi-Fi
    guest_at: str = ""
    has_ways_out: bool = False  # cables, telephones and modems are taken as ways to the Internet
    fault: Literal["", "no-radio", "no-cable", "no-client-radio"] = ""

    @property
    def internet_for_class(self) -> bool:
        """Whether a class could go out at all."""
        return bool(self.lan) and self.has_ways_out


def lay_out(wishes: Wishes, machine: Machine) -> Layout:
    """Return who does what; where a part is missing, the hub stays reachable by cable and says so."""
    radios, cables = machine.of_sort("wifi"), machine.of_sort("ethernet")
    radio = radios[0] if radios and wishes.wifi_mode == "builtin" else None
    cable = cables[0].name if cables else ""
    # One radio is an access point or a client, never both: firmware of Pis halts (image.md §4.1).
    others = [interface.name for interface in reversed(radios) if interface != radio]
    client = others[0] if others and wishes.uplink_kind == "wifi" else ""
    out = wishes.uplink_kind != "none"
    late = "no-client-radio" if wishes.uplink_kind == "wifi" and not client else ""
    if radio:
        return Layout(radio.name, "wifi", radio, client, has_ways_out=out, fault=late)  # type: ignore[arg-type]
    if wishes.wifi_mode == "external-ap" and cable:
        return Layout(cable, "cable", None, client, has_ways_out=out, fault=late)  # type: ignore[arg-type]
    usb = machine.of_sort("usb")
    guest = cable or (usb[0].name if usb else "")
    faults = {"builtin": "no-radio", "external-ap": "no-cable"}
    fault = faults.get(wishes.wifi_mode, late)
    return Layout("", "", None, client, guest, out, fault)  # type: ignore[arg-type]

"""Slots of a card that lies in a reader: what an update does to them on the running hub."""

from pathlib import Path

from hub.card import slots
from support.card import Card


def read_state(card: Card) -> slots.SlotState | None:
    """Return what the two copies on the card say."""
    names = [name for name in slots.FILES if name in card.boot_names()]
    return slots.newest([slots.from_bytes(card.boot_file(name)) for name in names])


def put_on_trial(card: Card, slot: slots.Slot, folder: Path, *, tries: int = slots.TRIES) -> None:
    """Let `slot` start next, with so many tries left."""
    folder.mkdir(exist_ok=True)
    (folder / slots.CONFIG).write_bytes(card.boot_file(slots.CONFIG))
    slots.write_slots(folder, slots.SlotState(slot, trying=True, tries=tries))
    slots.point_firmware(folder, slot)
    for name in (*slots.FILES, slots.CONFIG):
        card.put_boot_file(name, (folder / name).read_bytes())

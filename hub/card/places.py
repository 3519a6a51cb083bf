"""Where things lie on a card; tests put all three parts elsewhere."""

from dataclasses import dataclass
from pathlib import Path

from hub.settings import HubPaths


@dataclass(frozen=True, slots=True)
class CardPlaces:
    """`root` is /, `boot` the FAT partition, `data` the partition that outlives every image."""

    root: Path = Path("/")
    boot: Path = Path("/boot/firmware")
    data: Path = Path("/data")

    @property
    def hub(self) -> HubPaths:
        """The hub's own folder, of the account `hub`."""
        return HubPaths(self.data / "hub")

    @property
    def card(self) -> Path:
        """What only root may read."""
        return self.data / "card"

    @property
    def school(self) -> Path:
        """The last good school config, with its secrets."""
        return self.card / "school.toml"

    @property
    def machine_id(self) -> Path:
        """This card's machine id; /etc is made anew at each boot."""
        return self.card / "machine-id"

    @property
    def ssh(self) -> Path:
        """The host keys of sshd, where one is configured."""
        return self.card / "ssh"

    @property
    def label_code(self) -> Path:
        """The code of the label in clear, for hub-status.txt; the portal has a hash of it."""
        return self.card / "label-code"

    @property
    def software(self) -> Path:
        """Versions of the hub's software that came as packs: hub/card/software.py."""
        return self.data / "software"

    @property
    def updates(self) -> Path:
        """What became of updates: hub/card/update.py."""
        return self.card / "updates.json"

    @property
    def image(self) -> Path:
        """What the builder says of the image that runs: the files `version` and `built-at`."""
        return self.root / "usr" / "lib" / "hub"

    def spare(self, path: Path) -> Path:
        """Where the second copy of a file of `card` lies."""
        return self.card / "spare" / path.relative_to(self.card)

    @property
    def etc(self) -> Path:
        """/etc, whose changes live in memory."""
        return self.root / "etc"

    @property
    def status(self) -> Path:
        """What the hub tells whoever puts the card into a computer."""
        return self.boot / "hub-status.txt"

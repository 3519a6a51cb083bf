"""An office for a card in a machine: its depot is behind a real sshd and a slow line; it knows one school."""

from pathlib import Path
from typing import Any, Self

from content_packs.channel import make_channel
from support.data import shared_data
from support.lessons import mp4, write_folder
from support.machine import OUTSIDE
from support.relay import Relay
from support.road import must
from support.sources import read_tree, write_source
from support.sshd import Sshd
from support.waiting import wait_for

HUB = "h-school-5"
SCHOOL = "Ліцей «Промінь» с. Вишневе"
PASSWORD = "три слова і крапка"  # of the technician
BUILD_S = 1800  # a system of 300 MB, on a busy machine
ASK_S = 1800  # until a hub has asked to be let in
FILM_BYTES = 2_000_000
CABLE = 'mode = "external-ap"\n'  # of the table [wifi]: the class is at the card's own socket
TEMPLATE = f"""\
school_code = "12345678"
school_name = "{SCHOOL}"
language = "uk"
technician_password = "{PASSWORD}"
[wifi]
{CABLE}[uplink]
kind = "usb"
"""
BOOK, FILMS, ARTICLES, COURSE = "python-basics", "films", "small-wiki", "maths-grade4"


class CardOffice:
    """`with CardOffice(folder) as office:`; the card reaches `office.relay` at port 22 of OUTSIDE."""

    def __init__(
        self,
        folder: Path,
        *,
        delay_s: float = 0.15,
        bits_per_s: float | None = 1_000_000,
        template: str = TEMPLATE,
    ) -> None:
        self.folder, self.dir, self._template = folder, folder / "central", template
        must("central", "init", self.dir)
        keys = self.dir / "hub-keys" / HUB
        self.sshd = Sshd(
            folder / "sshd", self.dir / "depot", options=(f"AuthorizedKeysFile {keys}", "LoginGraceTime 600")
        )
        self.relay = Relay(self.sshd.port, delay_s=delay_s, bits_per_s=bits_per_s)

    def __enter__(self) -> Self:
        self.sshd.start()
        self.relay.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self.relay.__exit__(*exc)
        self.sshd.stop()

    def run(self, *words: object) -> Any:
        """Run a command of the office; return its JSON."""
        return must("central", "--dir", self.dir, *words, "--json", timeout_s=BUILD_S).json

    def make_config(self) -> bytes:
        """Return the hub-config.txt that makes a card the hub of this school."""
        template, keys, out = (self.folder / name for name in ("template.txt", "host.pub", "hub-config.txt"))
        template.write_text(self._template, encoding="utf-8")
        keys.write_text("\n".join(self.sshd.host_keys) + "\n")
        self.run(
            *("card", SCHOOL, "--hub-id", HUB, "--code", "12345678", "-o", out, "--template", template),
            *("--depot", f"sftp://{self.sshd.user}@{OUTSIDE}:22{self.sshd.depot}", "--host-key", keys),
        )
        return out.read_bytes()

    def publish(self) -> None:
        """Publish a pack of each kind, and assign them to every hub."""
        sources = self.folder / "sources"
        pages = read_tree(shared_data("textbook", "v3"))
        write_source(sources / BOOK, pages, id=BOOK, title="Вступ до Python", language="en")
        film = {"Частини.mp4": mp4(bytes(range(250)) * (FILM_BYTES // 250))}
        write_source(sources / FILMS, film, id=FILMS, kind="files", entry=None, title="Фільми про дроби")
        wiki = {"small.zim": shared_data("zim", "small.zim").read_bytes()}
        write_source(sources / ARTICLES, wiki, id=ARTICLES, kind="zim", entry=None, title="Мала вікі")
        make_channel(write_folder(sources / "lessons"), sources / COURSE)
        self.release(*(sources / name for name in (BOOK, FILMS, ARTICLES, COURSE)))

    def release(self, *sources: Path) -> None:
        """Build packs of these sources, publish them, and let every hub have the newest of them."""
        built = [self.folder / "built" / source.name for source in sources]
        for source, place in zip(sources, built, strict=True):
            must("packs", "build", source, "-o", place, timeout_s=BUILD_S)
        self.run("publish", *built)
        for place in built:
            pack_id = must("packs", "show", place, "--json").json["pack"]["id"]
            self.run("assign", pack_id, "--ring", "all")

    def approve(self) -> None:
        """Let in the one hub, as soon as it has asked."""

        def asked() -> str:
            (card,) = self.run("enrol", "--pending")["pending"]
            return card["fingerprint"] or ""

        wait_for(asked, timeout_s=ASK_S, every_s=5)
        self.run("enrol", HUB, "--approve", asked())

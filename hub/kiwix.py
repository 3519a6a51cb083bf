"""kiwix-serve as a supervised child on loopback: the ZIM of every installed pack, under the pack's id.

kiwix-serve names a book after its file, so each ZIM gets a link called <pack id>.zim; a link's folder names
the version, so that an update or a rollback is a new path and no old article stays in its cache. It reads
library.xml again by itself when that changes. Checked with kiwix-tools 3.3 (Debian 12).

While it runs, run/kiwix.json (hub/services.py) tells the other processes of this hub:

    pid     of kiwix-serve
    port    on 127.0.0.1
    books   the ids of the packs that it serves: an article is at /<id>/<path> and /raw/<id>/content/<path>
"""

import http.client
import os
import shutil
import socket
import uuid
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from content_packs import names
from content_packs.durable import write_durably
from content_packs.errors import ProcessDownError, local_error
from hub.library.installed import InstalledPack
from hub.services import ServiceFile
from hub.settings import LOOPBACK, HubPaths, HubSettings
from hub.supervise import Child, ChildSettings

_KIND = "zim"
_THREADS = 4  # more make a Pi no faster: kiwix-tools issue 345
_HEALTH_TIMEOUT_S = 1.0  # `tick` may not wait for long
_UNHEALTHY_AFTER = 60  # looks, some 5 s apart: a class searching was seen to stall it for two minutes
_STOP_TIMEOUT_S = 2.0
_NAMESPACE = uuid.UUID("0c1f6a52-7a0b-5a4f-8a39-59b0a1e27c11")


@dataclass(frozen=True, slots=True)
class Book:
    """One ZIM as kiwix-serve has it; its name there is the pack's id."""

    pack_id: str
    version: int
    title: str
    zim: Path
    uuid: str = ""  # the ZIM's own, empty where it is none

    @property
    def link(self) -> str:
        """Where, below the folder of links, the ZIM gets its name."""
        return f"{self.pack_id}@{self.version}/{self.pack_id}.zim"


def books_of(packs: Iterable[InstalledPack]) -> tuple[Book, ...]:
    """Return the ZIMs of the installed packs; a pack whose file is gone is left out."""
    books: list[Book] = []
    for installed in packs:
        pack, name = installed.pack, installed.details.get("zim")
        if pack.kind != _KIND or not isinstance(name, str) or names.check_path(name):
            continue
        zim = (installed.content_dir / name).absolute()
        if zim.is_file():
            books.append(Book(pack.id, pack.version, pack.title, zim, _own_uuid(installed)))
    return tuple(sorted(books, key=lambda book: book.pack_id))


def _own_uuid(installed: InstalledPack) -> str:
    try:
        return str(uuid.UUID(str(installed.details.get("uuid"))))
    except ValueError:
        return ""


def library_xml(books: Iterable[Book], links: Path) -> bytes:
    """Return the library that kiwix-serve reads. Pure.

    kiwix-serve finds a book that it searched by the ZIM's own id, so that stands here; but not where two
    packs hold the same ZIM, as each id can be there once: those two are read, not searched.
    """
    books = tuple(books)
    owners = Counter(book.uuid for book in books)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<library version="20110515">']
    for book in books:
        alone = book.uuid and owners[book.uuid] == 1
        identity = book.uuid if alone else uuid.uuid5(_NAMESPACE, book.link)
        values = {"id": str(identity), "path": str(links / book.link), "title": book.title}
        lines.append("<book " + " ".join(f"{key}={quoteattr(text)}" for key, text in values.items()) + "/>")
    return "\n".join([*lines, "</library>", ""]).encode()


class KiwixServer:
    """kiwix-serve for one hub. One thread calls `refresh`, `tick` and `stop`; any may call `find_port`.

    A damaged ZIM answers with an error page and harms no other; without any ZIM nothing runs.
    """

    def __init__(self, paths: HubPaths, settings: HubSettings) -> None:
        self._folder = paths.run / "zim"
        self._state = ServiceFile(paths, "kiwix")
        self._settings = settings.kiwix
        self._books: tuple[Book, ...] | None = None  # None: no library is written yet
        self._child: Child | None = None
        self._port = 0
        self._log_path = paths.run / "kiwix.log"

    def refresh(self, packs: Iterable[InstalledPack]) -> None:
        """Serve the ZIMs of `packs`, from the next second or two on.

        Raises:
            LocalError: the disk refuses.
        """
        books = books_of(packs)
        if books == self._books:
            return
        try:
            self._link(books)
            _write_library(self._folder / "library.xml", library_xml(books, self._folder))
            self._unlink_all_but(books)
        except OSError as error:
            raise local_error(error, "making the library of kiwix-serve") from error
        self._books = books

    def tick(self) -> None:
        """Do what is due: start, look, start again. Call it about every half second.

        Raises:
            ProcessDownError: kiwix-serve is not installed.
        """
        if self._books:
            self._child = self._child or self._make_child()
            self._child.tick()
            books = [book.pack_id for book in self._books]
            self._state.write({"pid": self._child.pid, "port": self._port, "books": books})
        elif self._child is not None:
            self.stop()

    def stop(self) -> None:
        """End kiwix-serve; `tick` starts it again."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()
        self._state.remove()

    def find_port(self, pack_id: str) -> int | None:
        """Return the port on which kiwix-serve has a pack, as the book `pack_id`; None while it has not."""
        child = self._child
        # A class that searches can keep kiwix-serve from answering for a minute: slow is not down.
        up = child is not None and child.state.running and child.state.healthy
        return self._port if up and any(book.pack_id == pack_id for book in self._books or ()) else None

    def _make_child(self) -> Child:
        program = shutil.which(self._settings.command)
        if program is None:
            message = f"kiwix-serve is not installed: there is no {self._settings.command}"
            raise ProcessDownError(message, hint="Install it: apt install kiwix-tools")
        self._port = self._settings.port or _free_port()
        options = ["--library", "--monitorLibrary", "--address", LOOPBACK, "--port", str(self._port)]
        options += ["--threads", str(_THREADS), "--nolibrarybutton", "--nosearchbar"]
        settings = ChildSettings(
            name="kiwix-serve",
            command=[program, *options, str(self._folder / "library.xml")],
            log_path=self._log_path,
            stop_timeout_s=_STOP_TIMEOUT_S,
            unhealthy_after=_UNHEALTHY_AFTER,
        )
        return Child(settings, lambda: _answers(self._port))

    def _link(self, books: Iterable[Book]) -> None:
        for book in books:
            link = self._folder / book.link
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(book.zim)

    def _unlink_all_but(self, books: Iterable[Book]) -> None:
        keep = {Path(book.link).parent.name for book in books}
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in keep:
                shutil.rmtree(folder)


def _write_library(path: Path, data: bytes) -> None:
    """Replace the library; its time goes up by a second at least, else kiwix-serve sees no change."""
    before = int(path.stat().st_mtime) if path.is_file() else 0
    write_durably(path, data)
    changed_at = max(int(path.stat().st_mtime), before + 1)
    os.utime(path, (changed_at, changed_at))


def _answers(port: int) -> bool:
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=_HEALTH_TIMEOUT_S)) as connection:
        try:
            connection.request("HEAD", "/")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as server:
        port: int = server.getsockname()[1]
        return port

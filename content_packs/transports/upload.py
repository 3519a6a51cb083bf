"""Putting small files into a folder of the depot, over a session, with two round trips for any number.

Ask what is there and open temporary files; then write, flush and give names. A temporary file that an
interrupted upload left goes on where it stopped: the name says what must be in it, and whoever takes it in
compares.

A small file gets its name without a wait for the answers to its WRITEs. OpenSSH carries out the requests of
a channel in their order, so the name comes last; but after a WRITE that failed, as on a full disk, it is
that of a broken file. The caller hears of it, and so does not count the file as sent; the office throws away
what does not hash to its name; and a file of another size than ours is written again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from content_packs.errors import DepotBusyError, Error
from content_packs.transports import rules, wire
from content_packs.transports.session import Request, Session, refusal
from content_packs.transports.window import FIRST_WINDOW_BYTES

MAX_OPEN_FILES = 32  # as in pipeline
SMALL_BYTES = FIRST_WINDOW_BYTES  # what leaves at once; of more, some answers are waited for in any case


def write_files(session: Session, folder: str, files: Mapping[str, bytes], *, root: str) -> None:
    """Put `files` (name → content) into `folder` below `root`, as Transport.write_files."""
    uploads = iter([_Upload(folder, root, rules.check_new_name(folder, name), files[name]) for name in files])
    while group := list(islice(uploads, MAX_OPEN_FILES)):
        _Writer(session, folder, root).write(group)


@dataclass(slots=True, eq=False)
class _Upload:
    """One file on its way."""

    folder: str
    root: str
    name: str
    data: bytes
    there_bytes: int = 0  # of the temporary file
    opening: Request | None = None  # of the temporary file, until it is closed

    @property
    def path(self) -> str:
        """In the depot."""
        return f"{self.folder}/{self.name}"

    @property
    def final(self) -> str:
        """Where the account sees it in the end."""
        return f"{self.root}/{self.path}"

    @property
    def temporary(self) -> str:
        """Where it is until it is whole."""
        return f"{self.root}/{self.folder}/.{self.name}.tmp"

    @property
    def handle(self) -> bytes:
        """Of the temporary file, once it is open."""
        reply = self.opening.reply if self.opening is not None else None
        assert isinstance(reply, wire.Handle), "writing before the file is open"  # noqa: S101
        return reply.handle


@dataclass(frozen=True, slots=True)
class _Asked:
    """A step of an upload, and which answers are good."""

    upload: _Upload
    request: Request
    good: tuple[int, ...] = (wire.OK,)


class _Writer:
    """Carries out one round trip after the other, each for all files at once."""

    def __init__(self, session: Session, folder: str, root: str) -> None:
        self._session = session
        self._folder = folder
        self._root = root

    def write(self, uploads: Sequence[_Upload]) -> None:
        try:
            missing = self._open_missing(uploads)
            self._send(missing)
        finally:
            for upload in uploads:
                self._close(upload)

    def _open_missing(self, uploads: Sequence[_Upload]) -> list[_Upload]:
        """Return those that are not there, with temporary files open.

        One that is there has its temporary file opened too, maybe anew: nobody knew. The office removes it.
        """
        looks = [(self._stat(upload.final), self._stat(upload.temporary)) for upload in uploads]
        for upload in uploads:
            self._ask_open(upload)
        missing = []
        for upload, (final, temporary) in zip(uploads, looks, strict=True):
            size, upload.there_bytes = self._size(upload, final), self._size(upload, temporary) or 0
            if size != len(upload.data):
                missing.append(upload)
        self._await_open(missing)
        return missing

    def _stat(self, path: str) -> Request:
        return self._session.ask(lambda request_id: wire.stat(request_id, path))

    def _size(self, upload: _Upload, asked: Request) -> int | None:
        """Return the size of what is there; None if nothing is."""
        reply = self._session.wait(asked)
        if isinstance(reply, wire.Status) and reply.code == wire.NO_SUCH_FILE:
            return None
        if not isinstance(reply, wire.Attributes):
            raise _refusal(upload.path, reply)
        return reply.size_bytes

    def _ask_open(self, upload: _Upload, *, truncate: bool = False) -> None:
        upload.opening = self._session.ask(
            lambda request_id: wire.open_for_writing(request_id, upload.temporary, truncate=truncate)
        )

    def _await_open(self, uploads: Sequence[_Upload]) -> None:
        again = [upload for upload in uploads if not self._is_open(upload)]
        if again:
            self._make_folders()
        for upload in uploads:
            if upload.there_bytes > len(upload.data):  # not what we left there
                again.append(upload)
                upload.there_bytes = 0
        for upload in again:
            self._close(upload)
            self._ask_open(upload, truncate=True)
        for upload in again:
            if not self._is_open(upload):
                raise rules.no_inbox(upload.folder)

    def _is_open(self, upload: _Upload) -> bool:
        """Await the handle; False if there is no folder to lie in."""
        assert upload.opening is not None, "waiting for what is not asked"  # noqa: S101
        reply = self._session.wait(upload.opening)
        if isinstance(reply, wire.Status) and reply.code == wire.NO_SUCH_FILE:
            return False
        if not isinstance(reply, wire.Handle):
            raise _refusal(upload.path, reply)
        return True

    def _make_folders(self) -> None:
        """Ask for every folder on the way; one that cannot be made shows when its file is opened."""
        path = self._root
        for name in self._folder.split("/"):
            path = f"{path}/{name}"
            self._session.ask(partial(wire.make_folder, path=path)).forgotten = True

    def _send(self, uploads: Sequence[_Upload]) -> None:
        asked: list[_Asked] = []
        large: list[_Upload] = []
        for upload in uploads:
            asked.extend(self._ask_content(upload))
            if len(upload.data) - upload.there_bytes > SMALL_BYTES:
                large.append(upload)
            else:
                asked.append(self._ask_rename(upload))
        self._check(asked)
        self._check([self._ask_rename(upload) for upload in large])

    def _ask_content(self, upload: _Upload) -> Iterator[_Asked]:
        at = upload.there_bytes
        while at < len(upload.data):
            while not (room := self._session.room_for_writing(len(upload.data) - at)):
                self._session.take_reply()
            data = upload.data[at : at + room]
            yield _Asked(upload, self._session.write(upload.handle, at, data))
            at += room
        flushed = self._session.ask(lambda request_id: wire.sync_file(request_id, upload.handle))
        yield _Asked(upload, flushed, (wire.OK, wire.UNSUPPORTED))
        self._close(upload)

    def _close(self, upload: _Upload) -> None:
        if upload.opening is not None:
            self._session.forget(upload.opening)
            upload.opening = None

    def _ask_rename(self, upload: _Upload) -> _Asked:
        named = self._session.ask(lambda request_id: wire.rename(request_id, upload.temporary, upload.final))
        return _Asked(upload, named)

    def _check(self, asked: Sequence[_Asked]) -> None:
        for one in asked:
            reply = self._session.wait(one.request)
            if not isinstance(reply, wire.Status) or reply.code not in one.good:
                raise _refusal(one.upload.path, reply)


def _refusal(path: str, reply: wire.Reply) -> Error:
    if isinstance(reply, wire.Status) and reply.code == wire.PERMISSION_DENIED:
        return rules.not_writable(path, reply.text or "permission denied")
    if isinstance(reply, wire.Status):  # a full disk has no code of its own
        why = f"{reply.text or 'no reason given'} (SFTP status {reply.code})"
        return DepotBusyError(
            f"{path}: the depot cannot store it now: {why}",
            hint="It is sent again with the next sync. If it lasts, ask the office to check its disk.",
        )
    return refusal(path, reply)

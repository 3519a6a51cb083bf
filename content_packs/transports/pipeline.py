"""Reading files over a session with as few round trips as there can be.

paramiko's own prefetch asks without bound, or twice (paramiko issues 174 and 2455, pull request 2519).
Here READs leave as the window allows, across ranges and files; files are opened some ranges ahead, and
neither stat nor the answer to CLOSE is waited for.
"""

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import groupby

from content_packs.transports import rules, wire
from content_packs.transports.session import Request, Session, refusal
from content_packs.transports.transport import Range

_IMMUTABLE = ("packs/", "objects/")  # a file of these read again, as a delta is, saves its OPEN's round trip
MAX_OPEN_FILES = 32  # handles at once; sshd's own limit is the account's number of open files
# Most heads and indexes fit: two round trips for a whole file. Every server answers this much in full or
# to the file's end (filexfer-02 §3 and §6.4), so a shorter answer is the end; above, maybe a server's limit.
FIRST_PIECE_BYTES = 32 * 1024


def read_files(session: Session, paths: Sequence[str], *, root: str, max_bytes: int) -> list[bytes | None]:
    """Return the content of small files below `root`, as Transport.read_files."""
    files = [_WholeFile(session, rules.check_depot_path(path), root, max_bytes) for path in paths]
    unopened, active = deque(files), deque[_WholeFile]()
    try:
        while unopened or active:
            while unopened and len(active) < MAX_OPEN_FILES:
                active.append(unopened.popleft())
                active[-1].start()
            if active[0].advance():
                active.popleft()
            active.rotate(-1)
    finally:
        for file in active:
            file.stop()
    return [file.content for file in files]


class _WholeFile:
    """One file on its way: opened, then read in growing pieces until one comes short."""

    def __init__(self, session: Session, path: str, root: str, max_bytes: int) -> None:
        self.content: bytes | None = None
        self._session = session
        self._path = path
        self._root = root
        self._max_bytes = max_bytes
        self._request: Request | None = None
        self._handle: bytes | None = None
        self._data = bytearray()

    def start(self) -> None:
        """Ask to open it."""
        self._request = self._session.open(f"{self._root}/{self._path}")

    def advance(self) -> bool:
        """Take the answer that this file waits for and ask what comes next; true when it is finished."""
        assert self._request is not None, "advance() before start()"  # noqa: S101
        reply = self._session.wait(self._request)
        if self._handle is None:
            return self._opened(reply)
        return self._read(self._request.size_bytes, reply)

    def stop(self) -> None:
        """Ask nothing more and let the handle go."""
        if self._request is not None:
            self._session.forget(self._request)
        if self._handle is not None:
            self._session.close(self._handle)
            self._handle = None
        self._request = None

    def _opened(self, reply: wire.Reply) -> bool:
        if isinstance(reply, wire.Status) and reply.code == wire.NO_SUCH_FILE:
            return True
        if not isinstance(reply, wire.Handle):
            raise refusal(self._path, reply)
        self._handle = reply.handle
        self._ask(FIRST_PIECE_BYTES)
        return False

    def _read(self, asked_bytes: int, reply: wire.Reply) -> bool:
        at_end = isinstance(reply, wire.Status) and reply.code == wire.EOF
        if not at_end and not isinstance(reply, wire.Data):
            raise refusal(self._path, reply)
        if isinstance(reply, wire.Data):
            self._data += reply.data
            at_end = len(reply.data) < min(asked_bytes, FIRST_PIECE_BYTES)
        if len(self._data) > self._max_bytes:
            raise rules.too_large(self._path, self._max_bytes)
        if at_end:
            self.content = bytes(self._data)
            self.stop()
            return True
        self._ask(2 * asked_bytes)
        return False

    def _ask(self, wanted_bytes: int) -> None:
        assert self._handle is not None, "reading before the file is open"  # noqa: S101
        length = min(wanted_bytes, wire.MAX_READ_BYTES, self._max_bytes + 1 - len(self._data))
        self._request = self._session.read(self._handle, len(self._data), length)


def read_ranges(session: Session, ranges: Sequence[Range], *, root: str) -> Generator[tuple[Range, bytes]]:
    """Yield the bytes of ranges of files below `root`, as Transport.read_ranges."""
    reader = _RangeReader(session, ranges, root)
    try:
        yield from reader.pieces()
    finally:
        reader.stop()


@dataclass(slots=True, eq=False)
class _Run:
    """Consecutive ranges of one file: opened once, asked for in order."""

    path: str
    ranges: deque[Range]
    opening: Request | None = None
    handle: bytes | None = None
    asked_bytes: int = 0  # of the first of `ranges`
    unanswered: int = 0  # pieces


@dataclass(slots=True, eq=False)
class _Piece:
    """Bytes of one range, asked for by one READ."""

    run: _Run
    wanted: Range
    offset: int
    length: int
    request: Request | None  # None: no bytes are wanted, only that the file is there


class _RangeReader:
    """Three queues in the order of the ranges: runs to open, runs being asked for, pieces in flight."""

    def __init__(self, session: Session, ranges: Sequence[Range], root: str) -> None:
        rules.check_ranges(ranges)
        self._session = session
        self._root = root
        grouped = groupby(ranges, key=lambda wanted: wanted.path)
        self._unopened = deque(_Run(path, deque(run)) for path, run in grouped)
        self._opened: deque[_Run] = deque()  # some range of theirs is not asked for yet
        self._pieces: deque[_Piece] = deque()
        self._open_files: set[_Run] = set()

    def pieces(self) -> Generator[tuple[Range, bytes]]:
        """Yield pieces in order, with as many READs in flight as the window has room for."""
        while self._unopened or self._opened or self._pieces:
            self._open_ahead()
            self._ask_ahead()
            if self._pieces:
                wanted, data = self._take_piece()
                if data:
                    yield wanted, data
            else:
                self._await_handle(self._opened[0])

    def stop(self) -> None:
        """Forget what is in flight and let all handles go."""
        for piece in self._pieces:
            if piece.request is not None:
                self._session.forget(piece.request)
        for run in self._open_files:
            self._let_go(run)
        self._open_files.clear()

    def _open_ahead(self) -> None:
        while self._unopened and len(self._open_files) < MAX_OPEN_FILES:
            run = self._unopened.popleft()
            run.handle = self._session.take_kept(run.path)
            if run.handle is None:
                run.opening = self._session.open(f"{self._root}/{run.path}")
            self._open_files.add(run)
            self._opened.append(run)

    def _ask_ahead(self) -> None:
        while self._opened and self._session.has_room() and self._take_handle(self._opened[0]):
            self._ask_next(self._opened[0])
            if not self._opened[0].ranges:
                self._opened.popleft()

    def _take_handle(self, run: _Run) -> bool:
        """Tell whether `run` can be asked for; a refused one waits until all before it has been yielded."""
        if run.opening is not None and isinstance(run.opening.reply, wire.Handle):
            run.handle, run.opening = run.opening.reply.handle, None
        return run.handle is not None

    def _await(self, request: Request) -> wire.Reply:
        """Return the answer to `request`; any other answer on the way may make room to ask for more."""
        while request.reply is None:
            self._session.take_reply()
            self._ask_ahead()
        return request.reply

    def _await_handle(self, run: _Run) -> None:
        if run.opening is not None:
            reply = self._await(run.opening)
            if not isinstance(reply, wire.Handle):
                raise refusal(run.path, reply)

    def _ask_next(self, run: _Run) -> None:
        wanted = run.ranges[0]
        length = min(wanted.length - run.asked_bytes, self._session.window.piece_bytes)
        self._pieces.append(self._ask(run, wanted, wanted.offset + run.asked_bytes, length))
        run.unanswered += 1
        run.asked_bytes += length
        if run.asked_bytes == wanted.length:
            run.ranges.popleft()
            run.asked_bytes = 0

    def _ask(self, run: _Run, wanted: Range, offset: int, length: int) -> _Piece:
        assert run.handle is not None, "reading before the file is open"  # noqa: S101
        request = self._session.read(run.handle, offset, length) if length else None
        return _Piece(run, wanted, offset, length, request)

    def _take_piece(self) -> tuple[Range, bytes]:
        piece = self._pieces[0]
        data = b"" if piece.request is None else self._data(piece, self._await(piece.request))
        self._pieces.popleft()
        if len(data) < piece.length:
            self._ask_rest(piece, len(data))
        else:
            self._answered(piece.run)
        return piece.wanted, data

    def _data(self, piece: _Piece, reply: wire.Reply) -> bytes:
        if isinstance(reply, wire.Data) and reply.data:
            return reply.data
        if isinstance(reply, wire.Data) or (isinstance(reply, wire.Status) and reply.code == wire.EOF):
            raise rules.ends_early(piece.wanted, piece.offset)
        raise refusal(piece.run.path, reply)

    def _ask_rest(self, piece: _Piece, got: int) -> None:
        """After a short answer: either the server's limit, or the file ends and the next answer says so."""
        self._session.window.answered_short(got)
        rest = self._ask(piece.run, piece.wanted, piece.offset + got, piece.length - got)
        self._pieces.appendleft(rest)

    def _answered(self, run: _Run) -> None:
        run.unanswered -= 1
        if not run.unanswered and not run.ranges:
            if run.handle is not None and run.path.startswith(_IMMUTABLE):
                self._session.keep(run.path, run.handle)
                run.handle = None
            self._let_go(run)
            self._open_files.discard(run)

    def _let_go(self, run: _Run) -> None:
        if run.opening is not None:
            self._session.forget(run.opening)
        if run.handle is not None:
            self._session.close(run.handle)
            run.handle = None

"""Questions to a web server and their answers, in order, asked as far ahead as the link carries.

Requests are pipelined on one connection (RFC 9112 §9.3.2), once the server has shown that it keeps a
connection open: many small ranges cost the bytes of their requests, not a round trip each. A server that
ends the connection in between is asked again for what it left unanswered.
"""

import contextlib
import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from http import HTTPStatus

from content_packs.transports import rules, web_answers
from content_packs.transports.transport import Range
from content_packs.transports.web_client import Question, WebClient
from content_packs.transports.web_link import Answer, WebLink

GAP_BYTES = 512  # what one more request and the head of its answer weigh
GAP_ALONE_BYTES = 32 * 1024  # where each request costs a round trip: 64 kbit/s for 4 s
_SMALL_FILE_BYTES = 8 * 1024  # taken for the size of a whole file before it is known
_DRAIN_BYTES = 64 * 1024  # of a body that nobody wants; beyond, a new connection is cheaper
_LOST_BYTES = 256 * 1024  # on their way when a connection is left in the middle of a body


class Conversation:
    """A sequence of questions on one connection at a time; `todo` holds paths of whole files, or ranges."""

    def __init__(self, client: WebClient, todo: Iterable[str | Range]) -> None:
        self._client = client
        self._todo: deque[str | Range] = deque(todo)
        self._sent: deque[Question] = deque()
        self._link: WebLink | None = None
        self._in_flight_bytes = 0
        self._reading = 0  # bodies: 1 while one is on its way to the caller

    def answers(self) -> Generator[tuple[Question, Answer]]:
        """Yield each question with its answer, in order; what is left of a body is passed over."""
        try:
            while self._ask_ahead():
                answer = self._take_answer()
                if answer is not None:
                    question = self._sent.popleft()
                    self._reading = 1
                    yield question, answer
                    self._reading = 0
                    self._finish(question, answer)
        except BaseException:
            self._drop_link()
            raise
        finally:
            if self._link is not None:
                self._client.give_back(self._link)
                self._link = None

    def whole(self, question: Question, answer: Answer, max_bytes: int) -> bytes:
        """Return the body of an answer for a whole file."""
        if not answer.tells_end:
            raise web_answers.without_length(question.path)
        if (answer.left_bytes or 0) > max_bytes:
            raise rules.too_large(question.path, max_bytes)
        data = bytearray()
        while piece := self._read(question, answer, max_bytes + 1 - len(data)):
            data += piece
            if len(data) > max_bytes:
                raise rules.too_large(question.path, max_bytes)
        return bytes(data)

    def pieces(self, question: Question, answer: Answer) -> Generator[tuple[Range, bytes]]:
        """Yield the bytes of a question's ranges as they come."""
        at = question.offset
        if answer.status == HTTPStatus.OK and not answer.tells_end:
            raise web_answers.without_length(question.path)
        if answer.status == HTTPStatus.OK:
            at = 0
            size = answer.left_bytes
        else:
            size = web_answers.file_bytes(question.path, answer.headers, question.offset, question.length)
        for wanted in question.ranges:
            if size is not None and wanted.length and wanted.offset >= size:
                raise rules.ends_early(wanted, size)
            at = self._skip(question, answer, at, wanted.offset)
            while at < wanted.offset + wanted.length:
                data = self._read(question, answer, wanted.offset + wanted.length - at)
                if not data:
                    raise rules.ends_early(wanted, at)
                at += len(data)
                yield wanted, data

    def _skip(self, question: Question, answer: Answer, at: int, offset: int) -> int:
        if offset - at > GAP_ALONE_BYTES:
            self._client.skip(question.path, offset - at)
        while at < offset:
            data = self._read(question, answer, offset - at)
            if not data:
                raise rules.ends_early(question.ranges[-1], at)
            at += len(data)
        return at

    def _read(self, question: Question, answer: Answer, most_bytes: int) -> bytes:
        data = answer.read(most_bytes)
        arrived = min(len(data), question.unread_bytes)
        question.unread_bytes -= arrived
        self._in_flight_bytes -= arrived
        self._client.window.arrived(len(data))
        self._ask_ahead()
        return data

    def _ask_ahead(self) -> bool:
        """Ask what there is room for; tell whether an answer is to be waited for."""
        requests = bytearray()
        while self._todo and self._has_room() and self._reaches_next():
            question = self._next_question()
            requests += self._client.request(question)
            question.unread_bytes = question.length if question.is_partial else _SMALL_FILE_BYTES
            question.mark = self._client.window.mark(self._in_flight_bytes, time.monotonic())
            self._in_flight_bytes += question.unread_bytes
            self._sent.append(question)
        if requests and self._link is not None:
            self._link.ask(bytes(requests))
        return bool(self._sent)

    def _has_room(self) -> bool:
        asked = len(self._sent) + self._reading
        return not asked or (
            asked < self._client.ahead
            and self._client.window.has_room_for(_SMALL_FILE_BYTES, self._in_flight_bytes)
        )

    def _reaches_next(self) -> bool:
        """Tell whether the next question may go on this connection, changing it if nothing else needs it."""
        address, _ = self._client.locate(_path(self._todo[0]))
        if self._link is not None and self._link.address.origin != address.origin:
            if self._sent or self._reading:
                return False
            self._client.give_back(self._link)
            self._link = None
        if self._link is None:
            self._link = self._client.take_link(address)
        return True

    def _next_question(self) -> Question:
        first = self._todo.popleft()
        if isinstance(first, str):
            return Question(first)
        question = Question(first.path, [first])
        while self._todo and first.length and self._is_near(question, self._todo[0]):
            question.ranges.append(self._todo.popleft())  # type: ignore[arg-type]
        return question

    def _is_near(self, question: Question, candidate: str | Range) -> bool:
        if isinstance(candidate, str) or candidate.path != question.path or not candidate.length:
            return False
        gap = candidate.offset - (question.offset + question.length)
        if self._client.ignores_ranges:
            return gap >= 0
        return 0 <= gap <= (GAP_BYTES if self._client.ahead > 1 else GAP_ALONE_BYTES)

    def _take_answer(self) -> Answer | None:
        """Return the answer to the first question; None if everything has to be asked again."""
        assert self._link is not None, "waiting without a connection"  # noqa: S101
        question = self._sent[0]
        answer = self._link.answer(question.method)
        if answer is None:
            self._ask_again()
            return None
        if question.mark is not None:
            self._client.window.answered(question.mark, 0, time.monotonic())
        if answer.status in web_answers.REDIRECTS:
            self._client.follow(question, answer)
            self._ask_again()
            return None
        self._client.answered(answer)
        return self._checked(question, answer)

    def _checked(self, question: Question, answer: Answer) -> Answer | None:
        if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and question.is_partial:
            end = web_answers.unsatisfied_bytes(answer.headers)
            raise rules.ends_early(question.ranges[0], question.offset if end is None else end)
        expected = (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT) if question.is_partial else (HTTPStatus.OK,)
        missing = answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
        if answer.status not in expected and not (missing and not question.is_partial):
            raise web_answers.refusal(question.path, answer.status)
        if not missing:
            web_answers.check_plain(question.path, answer.headers)
        if self._is_whole(question, answer) and not self._client.ignores_ranges:
            self._client.ignores_ranges, self._client.ahead = True, 1
            if len(self._sent) > 1 or self._todo:  # each of them would bring a whole file
                self._ask_again()
                return None
        return answer

    def _is_whole(self, question: Question, answer: Answer) -> bool:
        """Tell whether the server sends more than the part that was asked for."""
        if answer.status != HTTPStatus.OK or not question.is_partial or not question.length:
            return False
        return bool(question.offset) or answer.left_bytes is None or answer.left_bytes > question.length

    def _finish(self, question: Question, answer: Answer) -> None:
        """Come to the end of a body, or leave the connection if that is too far."""
        self._in_flight_bytes -= question.unread_bytes
        carried = (question.length if question.is_partial else _SMALL_FILE_BYTES) - question.unread_bytes
        if question.mark is not None:
            self._client.window.answered(question.mark, carried, time.monotonic())
        at_end = not answer.is_last and (answer.left_bytes or 0) <= _DRAIN_BYTES and _drained(answer)
        if not at_end:
            if self._client.ignores_ranges:
                self._client.skip(question.path, min(answer.left_bytes or 0, _LOST_BYTES))
            self._ask_again()

    def _ask_again(self) -> None:
        """Leave this connection; what it owes is asked on another."""
        self._drop_link()
        for question in reversed(self._sent):
            self._todo.extendleft(reversed(question.ranges) if question.ranges else [question.path])
        self._sent.clear()
        self._in_flight_bytes = 0

    def _drop_link(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None


def read_files(client: WebClient, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
    """Return the content of small files in the order asked, as Transport.read_files."""
    for path in paths:
        rules.check_depot_path(path)
    conversation = Conversation(client, paths)
    with contextlib.closing(conversation.answers()) as answers:
        return [
            conversation.whole(question, answer, max_bytes) if answer.status == HTTPStatus.OK else None
            for question, answer in answers
        ]


def read_ranges(client: WebClient, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
    """Yield the bytes of ranges, as Transport.read_ranges."""
    rules.check_ranges(ranges)
    conversation = Conversation(client, ranges)
    with contextlib.closing(conversation.answers()) as answers:
        for question, answer in answers:
            if question.length:
                yield from conversation.pieces(question, answer)


def _drained(answer: Answer) -> bool:
    left = _DRAIN_BYTES
    while left and (data := answer.read(left)):
        left -= len(data)
    return left > 0


def _path(item: str | Range) -> str:
    return item if isinstance(item, str) else item.path

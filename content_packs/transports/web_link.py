"""One connection to a web server: requests out, any number ahead of their answers, a timeout on every step.

http.client waits for each answer before the next request; here it only reads the answers.
"""

import contextlib
import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any, cast

from content_packs.errors import (
    BadDataError,
    IdentityError,
    LinkDownError,
    LinkTimeoutError,
    UsageError,
    local_error,
)
from content_packs.transports.address import WebAddress
from content_packs.transports.tcp import Meter, connect, limit_unanswered

PIECE_BYTES = 64 * 1024
_BUFFER_BYTES = 64 * 1024
_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: openssl/x509_vfy.h
_GONE = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)  # the other side is
_TRY_LATER = "Run `hub sync` again later; what was fetched is kept. If it lasts for days, ask the office."


def tls_context(ca_path: Path | None) -> ssl.SSLContext:
    """Return how a server proves its name: by the system's authorities, or by those in `ca_path` alone.

    Dates do not count: a hub's clock may be years off, and what comes is signed by the office anyway.

    Raises:
        LocalError: the file cannot be read.
        UsageError: it holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_path)
    except ssl.SSLError as error:
        raise UsageError(
            f"{ca_path}: holds no certificate",
            hint="Give the certificate of the authority in PEM, as the office has it.",
        ) from error
    except OSError as error:
        raise local_error(error, f"reading the certificate {ca_path}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    return context


class WebLink:
    """One connection; closed at its first failure."""

    def __init__(
        self,
        address: WebAddress,
        context: ssl.SSLContext,
        *,
        connect_timeout_s: float,
        step_timeout_s: float,
    ) -> None:
        self.address = address
        self.answers = 0  # that have come
        self._where = f"{address.host}:{address.port}"
        self._step_timeout_s = step_timeout_s
        sock = connect(address.host, address.port, timeout_s=connect_timeout_s)
        self.meter = Meter(sock)
        limit_unanswered(sock, step_timeout_s)
        self._sock = self._encrypt(sock, context, connect_timeout_s)
        self._stream = _Stream(self._sock)
        self._incoming = _Shared(self._stream, _BUFFER_BYTES)

    def ask(self, request: bytes) -> None:
        """Send one request, or several; that the server has gone shows in place of the answer."""
        with self._translated("sending a request"), contextlib.suppress(*_GONE):
            self._sock.settimeout(self._step_timeout_s)
            self._sock.sendall(request)

    def answer(self, method: str) -> "Answer | None":
        """Return the next answer once its head is there; read it to its end before the next one.

        None if the server has ended the connection after an earlier answer, as it may at any time.
        """
        self._stream.deadline = time.monotonic() + self._step_timeout_s
        response = http.client.HTTPResponse(cast(socket.socket, _Answering(self._incoming)), method=method)
        with self._translated("waiting for an answer"):
            try:
                response.begin()
            except _GONE as error:  # RemoteDisconnected is one
                self.close()
                if self.answers:
                    return None
                raise LinkDownError(f"{self._where} ended the connection", hint=_TRY_LATER) from error
        self.answers += 1
        return Answer(self, response)

    def read(self, response: http.client.HTTPResponse, most_bytes: int) -> bytes:
        """Return some of an answer's body; none at its end."""
        self._stream.deadline = time.monotonic() + self._step_timeout_s
        with self._translated("waiting for data"):
            data = response.read1(min(most_bytes, PIECE_BYTES))
            if not data and response.length:
                raise http.client.IncompleteRead(b"", response.length)
            return data

    def close(self) -> None:
        """End the connection; never waits for the other side."""
        self._sock.close()
        self.meter.close()

    def _encrypt(self, sock: socket.socket, context: ssl.SSLContext, timeout_s: float) -> ssl.SSLSocket:
        sock.settimeout(timeout_s)
        try:
            return context.wrap_socket(sock, server_hostname=self.address.host)
        except ssl.SSLCertVerificationError as error:
            self._give_up(sock)
            raise IdentityError(
                f"{self._where} does not prove to be {self.address.host}: {error.verify_message}",
                hint="If this network shows a sign-in page, sign in there. Else ask the office about its "
                "certificate. Where it signs for itself, its authority's certificate belongs into "
                "keys/depot_ca.pem of the hub (`hub init --ca FILE` puts it there).",
            ) from error
        except TimeoutError as error:
            self._give_up(sock)
            message = f"no TLS handshake from {self._where} within {timeout_s:g} s"
            raise LinkTimeoutError(message, hint=_TRY_LATER) from error
        except OSError as error:  # ssl.SSLError is one: no TLS, or none that we accept
            self._give_up(sock)
            reason = getattr(error, "reason", None) or error.strerror or error
            message = f"no TLS connection to {self._where}: {reason}"
            raise LinkDownError(message, hint=_TRY_LATER) from error

    def _give_up(self, sock: socket.socket) -> None:
        sock.close()
        self.meter.close()

    @contextlib.contextmanager
    def _translated(self, step: str) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            self.close()
            message = f"{self._where}: {step}: silence within {self._step_timeout_s:g} s"
            raise LinkTimeoutError(message, hint=_TRY_LATER) from error
        except (OSError, ValueError, http.client.IncompleteRead) as error:  # ValueError: closed before
            self.close()
            message = f"the connection to {self._where} was cut: {error}"
            raise LinkDownError(message, hint=_TRY_LATER) from error
        except http.client.HTTPException as error:
            self.close()
            raise BadDataError(
                f"{self._where} does not speak HTTP/1.1: {type(error).__name__}: {error}",
                hint="Ask the office to check the depot's web server.",
            ) from error


class Answer:
    """The head of an answer, and its body as it comes."""

    def __init__(self, link: WebLink, response: http.client.HTTPResponse) -> None:
        self._link = link
        self._response = response
        self.status = response.status
        self.headers: Message = response.headers

    @property
    def left_bytes(self) -> int | None:
        """Bytes of the body that are still to come; None if the server does not say."""
        return None if self._response.chunked else self._response.length

    @property
    def tells_end(self) -> bool:
        """Tell whether the end of the body can be told from a cut."""
        return bool(self._response.chunked) or self._response.length is not None

    @property
    def is_last(self) -> bool:
        """Tell whether the server ends the connection after this answer."""
        return bool(self._response.will_close)

    def read(self, most_bytes: int) -> bytes:
        """Return some of the body; none at its end."""
        return self._link.read(self._response, most_bytes)


class _Stream(io.RawIOBase):
    """What comes from a socket, until a deadline."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.deadline = 0.0  # by time.monotonic()
        self._sock = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any buffer, as io has it
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._sock.settimeout(left_s)
        return self._sock.recv_into(buffer)


class _Shared(io.BufferedReader):
    """One buffer for all answers: each of them closes it at its end, but the next one is in it already."""

    def close(self) -> None:
        """Stay open."""


class _Answering:
    """What HTTPResponse takes for a socket."""

    def __init__(self, incoming: _Shared) -> None:
        self._incoming = incoming

    def makefile(self, _mode: str) -> _Shared:
        return self._incoming

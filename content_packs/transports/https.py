"""A depot on a web server: any that serves the tree of files and ranges of them, a CDN, an object store."""

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Self

from content_packs.transports import rules, web_reader
from content_packs.transports.address import WebAddress, parse_web
from content_packs.transports.transport import Range
from content_packs.transports.web_client import WebClient
from content_packs.transports.web_link import tls_context


def open_https(
    url: str, *, ca_path: Path | None, connect_timeout_s: float, step_timeout_s: float
) -> "WebTransport":
    """Return the depot at an `https:` URL; it is connected to when something is asked of it.

    Raises:
        UsageError: not such a URL, or `ca_path` holds no certificate.
        LocalError: `ca_path` cannot be read.
    """
    address = parse_web(url)
    context = tls_context(ca_path)
    return WebTransport(
        address,
        WebClient(address, context, connect_timeout_s=connect_timeout_s, step_timeout_s=step_timeout_s),
    )


class WebTransport:
    """Reads a depot over HTTP; writes nothing."""

    def __init__(self, address: WebAddress, client: WebClient) -> None:
        self._address = address
        self._client = client

    @property
    def url(self) -> str:
        """The depot's URL, without the password."""
        return self._address.url

    def read_files(self, paths: Sequence[str], *, max_bytes: int) -> list[bytes | None]:
        """See Transport."""
        return web_reader.read_files(self._client, paths, max_bytes=max_bytes)

    def read_ranges(self, ranges: Sequence[Range]) -> Generator[tuple[Range, bytes]]:
        """See Transport."""
        return web_reader.read_ranges(self._client, ranges)

    def write_files(self, folder: str, files: Mapping[str, bytes]) -> None:
        """See Transport."""
        for name in files:
            rules.check_new_name(folder, name)
        raise rules.not_writable(folder, "it is a web server")

    @property
    def received_bytes(self) -> int:
        """See Transport."""
        return self._client.received_bytes

    @property
    def sent_bytes(self) -> int:
        """See Transport."""
        return self._client.sent_bytes

    def close(self) -> None:
        """See Transport."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

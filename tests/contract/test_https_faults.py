"""Web servers that misbehave, links that break: a real nginx behind a relay, and servers that lie."""

import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from content_packs.errors import (
    BadDataError,
    DepotBusyError,
    Error,
    IdentityError,
    LinkDownError,
    LinkError,
    LinkTimeoutError,
    LocalError,
    NotFoundError,
    UsageError,
)
from content_packs.transports import open_transport, web_client
from content_packs.transports.transport import Range, Transport
from support.depots import write_files
from support.relay import Relay
from support.web import Nginx, Saying, answer

MIB = 1024 * 1024
NOISE = random.Random(4).randbytes(6 * MIB)
BIG = Range("objects/ab/noise/000", 0, len(NOISE))
ROUND_TRIP_S = 0.5  # long beside what another program may take of the processor
IN_TIME_S = 8.0  # a second or two, and a busy machine; what keeps no time limit takes 10 s, or for ever
FILES = {
    "heads/h-1": NOISE[:4096],
    BIG.path: NOISE,
    **{f"packs/p/{number}/index.zst": NOISE[number : number + 9000] for number in range(40)},
}


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("depot"), FILES)


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, depot: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path_factory.mktemp("nginx"), depot) as running:
        yield running


def connect(url: str, ca_path: Path | None, *, timeout_s: float = 5.0) -> Transport:
    return open_transport(
        url,
        key_path=None,
        host_keys=[],
        connect_timeout_s=timeout_s,
        step_timeout_s=timeout_s,
        ca_path=ca_path,
    )


def through(nginx: Nginx, relay: Relay, *, timeout_s: float = 5.0) -> Transport:
    return connect(nginx.url(port=relay.port), nginx.authority.path, timeout_s=timeout_s)


def read(transport: Transport, wanted: Range) -> bytes:
    return b"".join(piece for _, piece in transport.read_ranges([wanted]))


def content(wanted: Range) -> bytes:
    return FILES[wanted.path][wanted.offset : wanted.offset + wanted.length]


# Who is there


def test_server_of_an_authority_that_is_not_known_is_refused(nginx: Nginx) -> None:
    with (
        connect(nginx.url(), None) as transport,
        pytest.raises(IdentityError, match="does not prove") as caught,
    ):
        transport.read_files(["heads/h-1"], max_bytes=MIB)
    assert caught.value.exit_code == 77
    assert "sign-in page" in str(caught.value.hint)


def test_server_with_the_name_of_another_is_refused(tmp_path: Path, depot: Path) -> None:
    with (
        Nginx(tmp_path / "nginx", depot, host="depot.example") as nginx,
        connect(nginx.url(), nginx.authority.path) as transport,
        pytest.raises(IdentityError, match="does not prove to be 127"),
    ):
        transport.read_files(["heads/h-1"], max_bytes=MIB)


@pytest.mark.parametrize("years_off", [-3, 3])
def test_clock_that_is_years_off_does_no_harm(tmp_path: Path, depot: Path, years_off: int) -> None:
    with (
        Nginx(tmp_path / "nginx", depot, years_off=years_off) as nginx,
        connect(nginx.url(), nginx.authority.path) as transport,
    ):
        assert transport.read_files(["heads/h-1"], max_bytes=MIB) == [FILES["heads/h-1"]]


def test_authority_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"ca\.pem"):
        connect("https://depot.example", tmp_path / "ca.pem")
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(UsageError, match="holds no certificate"):
        connect("https://depot.example", tmp_path / "ca.pem")


def test_password_opens_a_guarded_depot_and_is_never_shown(tmp_path: Path, depot: Path) -> None:
    (tmp_path / "users").write_text("school:{PLAIN}s3cret\n")
    guard = f'auth_basic "depot"; auth_basic_user_file {tmp_path}/users;'
    with Nginx(tmp_path / "nginx", depot, options=guard) as nginx:
        for password in ("s3cret", "wr0ng"):
            url = nginx.url().replace("://", f"://school:{password}@")
            with connect(url, nginx.authority.path) as transport:
                assert password not in transport.url
                if password == "s3cret":
                    assert transport.read_files(["heads/h-1"], max_bytes=MIB) == [FILES["heads/h-1"]]
                    continue
                with pytest.raises(IdentityError, match="401 Unauthorized") as caught:
                    transport.read_files(["heads/h-1"], max_bytes=MIB)
                assert password not in f"{caught.value.message}{caught.value.hint}"


def test_plain_http_is_refused() -> None:
    with pytest.raises(UsageError, match="use https"):
        connect("http://depot.example/", None)


# What servers say


def asked(tmp_path: Path, say: Callable[[str, dict[str, str]], bytes | None], wanted: Range) -> bytes:
    with Saying(tmp_path / "server", say) as server, connect(server.url, server.authority.path) as transport:
        return read(transport, wanted)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        ("401 Unauthorized", IdentityError, 77),
        ("403 Forbidden", IdentityError, 77),
        ("404 Not Found", NotFoundError, 65),
        ("410 Gone", NotFoundError, 65),
        ("418 I'm a Teapot", BadDataError, 65),
        ("429 Too Many Requests", DepotBusyError, 75),
        ("500 Internal Server Error", LinkError, 75),
        ("503 Service Unavailable", DepotBusyError, 75),
        ("511 Network Authentication Required", LinkError, 75),
        ("416 Range Not Satisfiable", NotFoundError, 65),
    ],
)
def test_status_says_what_to_do_next(tmp_path: Path, status: str, error: type[Error], code: int) -> None:
    with pytest.raises(error) as caught:
        asked(tmp_path, lambda *_: answer(status, b"sorry"), Range("a", 0, 10))
    assert caught.value.exit_code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer("206 Partial Content", b"0123456789", Content_Range="bytes 5-14/100"), "bytes 0 to 10"),
        (answer("206 Partial Content", b"0123456789", Content_Range="bytes 0-8/100"), "bytes 0 to 10"),
        (answer("206 Partial Content", b"0123456789"), "got 'none'"),
        (
            answer("206 Partial Content", b"--x\r\n", Content_Type="multipart/byteranges; boundary=x"),
            "multipart/byteranges",
        ),
        (answer("200 OK", b"0123456789", Content_Encoding="gzip"), "as 'gzip'"),
        (b"HTTP/1.1 200 OK\r\n\r\n0123456789", "does not say how long"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
    ],
)
def test_answer_to_another_question_is_refused(tmp_path: Path, said: bytes, why: str) -> None:
    with pytest.raises((BadDataError, LinkDownError), match=why):
        asked(tmp_path, lambda *_: said + b"", Range("a", 0, 10))


def test_body_that_is_longer_than_told_is_no_next_answer(tmp_path: Path) -> None:
    said = answer(
        "206 Partial Content", b"0123456789extra", Content_Range="bytes 0-9/100", Content_Length="10"
    )
    ranges = [Range("a", 0, 10), Range("b", 0, 10)]
    with (
        Saying(tmp_path / "server", lambda *_: said) as server,
        connect(server.url, server.authority.path) as transport,
        pytest.raises((BadDataError, LinkError)),
    ):
        list(transport.read_ranges(ranges))


def test_chunked_answer_is_read_and_a_cut_one_is_a_cut(tmp_path: Path) -> None:
    head = (
        "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 0-9/100\r\n\r\n"
    )
    whole = head.encode() + b"5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"
    assert asked(tmp_path, lambda *_: whole, Range("a", 0, 10)) == b"0123456789"
    cut = head.encode() + b"Connection: close\r\n5\r\n01234\r\n"
    with pytest.raises(Error):
        asked(tmp_path, lambda *_: cut, Range("a", 0, 10))


def test_server_that_closes_after_each_answer_is_asked_again(tmp_path: Path) -> None:
    with (
        Saying(
            tmp_path / "server", lambda target, _: answer("200 OK", target.encode(), Connection="close")
        ) as server,
        connect(server.url, server.authority.path) as transport,
    ):
        assert transport.read_files(["a", "b", "c"], max_bytes=10) == [b"/a", b"/b", b"/c"]
        assert server.connections == 3


def test_server_that_leaves_questions_unanswered_is_asked_again(tmp_path: Path) -> None:
    left = [3, 2, 4, 99]

    def say(target: str, _: dict[str, str]) -> bytes | None:
        left[0] -= 1
        if left[0] < 0:
            left.pop(0)
            return None
        return answer("200 OK", target.encode())

    names = [f"{number}" for number in range(12)]
    with Saying(tmp_path / "server", say) as server, connect(server.url, server.authority.path) as transport:
        assert transport.read_files(names, max_bytes=10) == [f"/{name}".encode() for name in names]
        assert server.connections == 4


def test_nginx_that_ends_a_connection_after_some_requests_is_asked_again(tmp_path: Path, depot: Path) -> None:
    ranges = [Range(f"packs/p/{number % 40}/index.zst", number, 100) for number in range(120)]
    with (
        Nginx(tmp_path / "nginx", depot, keepalive_requests=7) as nginx,
        connect(nginx.url(), nginx.authority.path) as transport,
    ):
        got = b"".join(piece for _, piece in transport.read_ranges(ranges))
    assert got == b"".join(content(wanted) for wanted in ranges)


def test_connection_that_was_idle_for_long_is_not_trusted(
    nginx: Nginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Relay(nginx.port) as relay, through(nginx, relay) as transport:
        for idle_s, connections in ((60, 1), (60, 1), (0, 2)):
            monkeypatch.setattr(web_client, "IDLE_S", idle_s)
            transport.read_files(["heads/h-1"], max_bytes=MIB)
            assert relay.connections == connections


# Servers without ranges


def ignoring_ranges(target: str, _: dict[str, str]) -> bytes:
    return answer("200 OK", FILES[target.removeprefix("/")])


def test_server_without_ranges_is_read_through_once(tmp_path: Path) -> None:
    ranges = [Range(BIG.path, number * MIB, 100_000) for number in range(6)]
    ranges += [Range("heads/h-1", number, 10) for number in (5, 3000, 400)]
    with (
        Saying(tmp_path / "s", ignoring_ranges) as server,
        connect(server.url, server.authority.path) as transport,
    ):
        got = [piece for _, piece in transport.read_ranges(ranges)]
        assert b"".join(got) == b"".join(content(wanted) for wanted in ranges)
        assert transport.received_bytes < 1.5 * len(NOISE)


def test_server_without_ranges_does_not_send_all_again_and_again(tmp_path: Path) -> None:
    back_and_forth = [Range(BIG.path, 5 * MIB - number * 1000, 10) for number in range(50)]
    with (
        Saying(tmp_path / "s", ignoring_ranges) as server,
        connect(server.url, server.authority.path) as transport,
    ):
        with pytest.raises(BadDataError, match="ignores ranges") as caught:
            list(transport.read_ranges(back_and_forth))
        assert transport.received_bytes < 30 * MIB
    assert "by stick" in str(caught.value.hint)


# Redirects


def test_whole_depot_that_has_moved_is_followed_once(tmp_path: Path, nginx: Nginx, depot: Path) -> None:
    moved = f"return 301 {nginx.url()}$request_uri;"
    with Nginx(tmp_path / "old", depot, options=moved) as old:
        both = tmp_path / "both.pem"
        both.write_bytes(old.authority.path.read_bytes() + nginx.authority.path.read_bytes())
        with connect(old.url(), both) as transport:
            names = [name for name in FILES if name.startswith("packs/")]
            assert transport.read_files(names, max_bytes=MIB) == [FILES[name] for name in names]
            assert read(transport, BIG) == NOISE
        assert len(old.requests) < 3


def test_object_store_that_signs_each_address_is_followed(tmp_path: Path) -> None:
    def say(target: str, headers: dict[str, str]) -> bytes:
        name, _, token = target.removeprefix("/").partition("?")
        if not token:
            return answer("302 Found", Location=f"/{name}?sign=%2Fx&name=ї")
        first, last = headers["range"].removeprefix("bytes=").split("-")
        data = FILES[name][int(first) : int(last) + 1]
        return answer("206 Partial Content", data, Content_Range=f"bytes {first}-{last}/{len(FILES[name])}")

    ranges = [Range("heads/h-1", 5, 10), Range("heads/h-1", 2000, 10), Range("packs/p/7/index.zst", 0, 10)]
    with Saying(tmp_path / "s", say) as server, connect(server.url, server.authority.path) as transport:
        assert [piece for _, piece in transport.read_ranges(ranges)] == [content(wanted) for wanted in ranges]


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/a", "ftp://x/a", "/round/and/round", "https://", ""])
def test_redirect_to_nowhere_or_in_the_clear_is_refused(tmp_path: Path, target: str) -> None:
    with pytest.raises(BadDataError, match="sends us to"):
        asked(tmp_path, lambda *_: answer("302 Found", Location=target), Range("a", 0, 10))


def test_password_does_not_follow_to_another_server(tmp_path: Path) -> None:
    with (
        Saying(tmp_path / "there", lambda *_: answer("200 OK", b"x")) as there,
        Saying(tmp_path / "here", lambda *_: answer("302 Found", Location=f"{there.url}/a")) as here,
    ):
        both = tmp_path / "both.pem"
        both.write_bytes(here.authority.path.read_bytes() + there.authority.path.read_bytes())
        with connect(here.url.replace("://", "://hub:s3cret@"), both) as transport:
            assert transport.read_files(["a"], max_bytes=10) == [b"x"]
    assert "authorization" in here.asked[0][1]
    assert "authorization" not in there.asked[0][1]


# The link breaks


def test_server_that_is_off_is_a_link_that_is_down(nginx: Nginx) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = nginx.url(port=closed.getsockname()[1])
        with connect(url, nginx.authority.path) as transport, pytest.raises(LinkDownError, match="refused"):
            transport.read_files(["heads/h-1"], max_bytes=MIB)


def test_something_without_tls_is_a_link_that_is_down(depot: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        sshd = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        transport = stack.enter_context(
            connect(f"https://127.0.0.1:{sshd.getsockname()[1]}", None, timeout_s=0.5)
        )
        with pytest.raises(LinkTimeoutError, match="no TLS handshake"):
            transport.read_files(["heads/h-1"], max_bytes=MIB)


CUTS = [0, 40, 500, 1000, 1300, 1500, 1700, 5000, 100_000, 3_000_000]


@pytest.mark.parametrize("down_bytes", CUTS)
def test_cut_connection_is_a_link_that_is_down(nginx: Nginx, down_bytes: int) -> None:
    with Relay(nginx.port) as relay, through(nginx, relay) as transport:
        relay.cut_after(down_bytes)
        with pytest.raises(LinkDownError):
            transport.read_files(["heads/h-1"], max_bytes=MIB)
            read(transport, BIG)
            raise AssertionError("nothing was cut")


@pytest.mark.parametrize("down_bytes", CUTS)
def test_black_hole_at_any_moment_ends_in_time(nginx: Nginx, down_bytes: int) -> None:
    with Relay(nginx.port) as relay, through(nginx, relay, timeout_s=0.5) as transport:
        relay.black_hole_after(down_bytes)
        started = time.monotonic()
        with pytest.raises(LinkTimeoutError, match=r"within 0\.5 s"):
            transport.read_files(["heads/h-1"], max_bytes=MIB)
            read(transport, BIG)
        assert time.monotonic() - started < IN_TIME_S


def test_server_that_dribbles_its_head_ends_in_time(tmp_path: Path) -> None:
    def say(_target: str, _headers: dict[str, str]) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        for _ in range(80):
            yield b"X-Slow: 1\r\n"
            time.sleep(0.1)

    started = time.monotonic()
    with (
        Saying(tmp_path / "server", say) as server,
        connect(server.url, server.authority.path, timeout_s=0.5) as transport,
        pytest.raises(LinkTimeoutError),
    ):
        try:
            transport.read_files(["a"], max_bytes=10)
        finally:
            took_s = time.monotonic() - started
    assert took_s < IN_TIME_S


@pytest.mark.parametrize("every_bytes", [40_000, 150_000])
def test_link_that_is_cut_again_and_again_loses_little(nginx: Nginx, every_bytes: int) -> None:
    wanted, got, cuts = Range(BIG.path, 0, 600_000), bytearray(), 0
    with Relay(
        nginx.port, bits_per_s=8_000_000
    ) as relay:  # faster, and a reset throws away more than it cuts
        relay.cut_after(every_bytes)
        while len(got) < wanted.length:
            with through(nginx, relay) as transport:
                try:
                    for _, piece in transport.read_ranges(
                        [Range(BIG.path, len(got), wanted.length - len(got))]
                    ):
                        got += piece
                except LinkDownError:
                    cuts += 1
        assert bytes(got) == content(wanted)
        assert 3 < cuts < 1.3 * wanted.length / every_bytes + 2
        assert relay.down_bytes <= 1.02 * wanted.length + (cuts + 1) * 17_000  # a TLS record, and a handshake


# What it costs


@pytest.mark.alone
def test_a_session_with_nothing_new_is_small(nginx: Nginx) -> None:
    with Relay(nginx.port, delay_s=ROUND_TRIP_S / 2) as relay, through(nginx, relay) as transport:
        started = time.monotonic()
        transport.read_files(["heads/h-1", "acks/h-1"], max_bytes=MIB)
        assert (time.monotonic() - started) / ROUND_TRIP_S < 3.9  # TLS, and two requests
        assert relay.total_bytes <= 4096 + 4096
        assert transport.received_bytes == relay.down_bytes
        assert transport.sent_bytes == relay.up_bytes


@pytest.mark.alone
def test_small_files_cost_few_round_trips(nginx: Nginx) -> None:
    names = [name for name in FILES if name.startswith("packs/")]
    with Relay(nginx.port, delay_s=ROUND_TRIP_S / 2) as relay, through(nginx, relay) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        started = time.monotonic()
        assert transport.read_files(names, max_bytes=MIB) == [FILES[name] for name in names]
        assert (time.monotonic() - started) / ROUND_TRIP_S < 5.5
        assert relay.connections == 1


@pytest.mark.alone
def test_scattered_ranges_cost_few_bytes_and_round_trips(nginx: Nginx) -> None:
    ranges = [Range(BIG.path, number * 50_000, 30_000) for number in range(60)]
    ranges += [Range(BIG.path, 4 * MIB + number * 400, 300) for number in range(60)]  # near: one request
    needed = sum(wanted.length for wanted in ranges)
    with Relay(nginx.port, delay_s=ROUND_TRIP_S / 2) as relay, through(nginx, relay) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        relay.reset_counts()
        started = time.monotonic()
        got = b"".join(piece for _, piece in transport.read_ranges(ranges))
        assert got == b"".join(content(wanted) for wanted in ranges)
        assert (time.monotonic() - started) / ROUND_TRIP_S < 10
        assert relay.down_bytes <= 1.03 * needed
        assert relay.up_bytes <= 0.01 * needed


@pytest.mark.alone
def test_large_file_fills_a_long_link(nginx: Nginx) -> None:
    with Relay(nginx.port, delay_s=ROUND_TRIP_S / 2) as relay, through(nginx, relay) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        relay.reset_counts()
        started = time.monotonic()
        assert read(transport, BIG) == NOISE
        assert (time.monotonic() - started) / ROUND_TRIP_S < 7.5
        assert relay.down_bytes <= 1.01 * BIG.length
        assert relay.up_bytes <= 2000

"""A bad uplink, a changed server, a dead peer: a real sshd behind a relay that misbehaves."""

import logging
import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import paramiko
import pytest

from content_packs.errors import (
    DepotBusyError,
    Error,
    HostKeyChangedError,
    HubKeyRefusedError,
    IdentityError,
    LinkDownError,
    LinkError,
    LinkTimeoutError,
)
from content_packs.transports import open_transport
from content_packs.transports.transport import Range, Transport
from support.depots import HubAccess, write_files
from support.relay import Relay
from support.sshd import Sshd, make_client_key
from support.waiting import wait_for

MIB = 1024 * 1024
NOISE = random.Random(3).randbytes(10 * MIB)
BIG = Range("objects/ab/noise/000", 0, len(NOISE))
ROUND_TRIP_S = 0.5  # long beside what another program may take of the processor
IN_TIME_S = 8.0  # a second or two, and a busy machine; what keeps no time limit takes 10 s, or for ever
FILES = {
    "heads/h-1": NOISE[:4096],
    BIG.path: NOISE,
    **{f"packs/p/{number}/index.zst": NOISE[number : number + 9000] for number in range(7)},
}


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("depot"), FILES)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory, depot: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd"), depot) as running:
        yield running


@pytest.fixture
def hub(sshd: Sshd, tmp_path: Path) -> HubAccess:
    return HubAccess(sshd, tmp_path / "key")


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[HubAccess]:
    """A depot of one's own, to leave reports in."""
    depot = write_files(tmp_path / "depot", {"heads/h-1": FILES["heads/h-1"]})
    with Sshd(tmp_path / "sshd", depot) as running:
        yield HubAccess(running, tmp_path / "key")


@pytest.fixture(autouse=True)
def leaves_no_thread() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    # A cancelled timer of paramiko's handshake takes a moment to notice; its own time-out is far longer.
    wait_for(lambda: not threads_since(before), timeout_s=30, seen=lambda: threads_since(before))


def threads_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]


def read(transport: Transport, wanted: Range) -> bytes:
    return b"".join(piece for _, piece in transport.read_ranges([wanted]))


# Who is there


def test_host_key_that_is_not_pinned_is_refused(sshd: Sshd, tmp_path: Path, depot: Path) -> None:
    with Sshd(tmp_path / "another", depot) as another:
        hub = HubAccess(another, tmp_path / "key")
        with pytest.raises(
            HostKeyChangedError, match=r"shows host key SHA256:.*; expected SHA256:"
        ) as caught:
            hub.connect(host_keys=sshd.host_keys)
    assert caught.value.exit_code == 77
    assert "Ask the office" in str(caught.value.hint)


def test_server_without_a_key_of_a_pinned_type_is_refused(hub: HubAccess) -> None:
    ecdsa = paramiko.ECDSAKey.generate()
    with pytest.raises(HostKeyChangedError, match="no host key of a pinned type"):
        hub.connect(host_keys=[f"{ecdsa.get_name()} {ecdsa.get_base64()}"])


@pytest.mark.parametrize("kind", [0, 1])
def test_one_pinned_key_of_any_type_is_enough(hub: HubAccess, kind: int) -> None:
    with hub.connect(host_keys=["# the depot", "", hub.sshd.host_keys[kind]]) as transport:
        assert transport.read_files(["heads/h-1"], max_bytes=MIB) == [FILES["heads/h-1"]]


def test_next_host_key_is_accepted_after_rotation(tmp_path: Path, depot: Path) -> None:
    with Sshd(tmp_path / "sshd", depot) as sshd:
        hub = HubAccess(sshd, tmp_path / "key")
        old = sshd.host_keys
        sshd.restart(new_host_keys=True)
        with pytest.raises(HostKeyChangedError):
            hub.connect(host_keys=old)
        with hub.connect(host_keys=old + sshd.host_keys) as transport:
            assert transport.read_files(["heads/h-1"], max_bytes=MIB) == [FILES["heads/h-1"]]


@pytest.mark.parametrize("options", [(), ("MaxAuthTries 1",)])
def test_hub_key_that_is_not_enrolled_is_refused(
    tmp_path: Path, depot: Path, options: tuple[str, ...]
) -> None:
    make_client_key(tmp_path / "stranger")
    with (
        Sshd(tmp_path / "sshd", depot, options=options) as sshd,
        pytest.raises(HubKeyRefusedError, match="does not accept the key SHA256:") as caught,
    ):
        HubAccess(sshd, tmp_path / "stranger").connect()
    assert caught.value.exit_code == 77
    assert "enrol" in str(caught.value.hint)


def test_depot_that_may_not_be_read_is_a_matter_for_the_office(tmp_path: Path, depot: Path) -> None:
    options = (f"ForceCommand internal-sftp -P open -d {depot}",)
    with (
        Sshd(tmp_path / "sshd", depot, options=options) as sshd,
        HubAccess(sshd, tmp_path / "key").connect() as transport,
        pytest.raises(IdentityError, match="does not let this hub read it"),
    ):
        transport.read_files(["heads/h-1"], max_bytes=MIB)


# Nobody is there


def test_depot_that_is_off_is_a_link_that_is_down(hub: HubAccess) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(LinkDownError, match="Connection refused") as caught:
            hub.connect(port=closed.getsockname()[1])
    assert caught.value.exit_code == 75


def test_unknown_host_is_a_link_that_is_down(hub: HubAccess) -> None:
    with pytest.raises(LinkDownError, match="cannot find the host"):
        open_transport(
            "sftp://hub@depot.invalid/",
            key_path=hub.key_path,
            host_keys=hub.sshd.host_keys,
            connect_timeout_s=1,
            step_timeout_s=1,
        )


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 302 Found\r\nLocation: http://login.example\r\n\r\n", b"SSH-2.0-x\r\n\0\0\0\0"]
)
def test_something_else_answers(hub: HubAccess, answer: bytes) -> None:
    with pytest.raises(LinkError), Answering(answer) as port:
        hub.connect(port=port, connect_timeout_s=1)


def test_server_that_is_full_asks_to_come_later(tmp_path: Path, depot: Path) -> None:
    with ExitStack() as stack:
        sshd = stack.enter_context(Sshd(tmp_path / "sshd", depot, options=("MaxStartups 1",)))
        hub = HubAccess(sshd, tmp_path / "key")
        wait_for(lambda: is_let_in(stack, sshd.port), timeout_s=30)  # the call that saw it start counts too
        with pytest.raises(DepotBusyError, match="MaxStartups"):
            hub.connect()


def is_let_in(stack: ExitStack, port: int) -> bool:
    """Connect and stay, without signing in; return whether the sshd had room."""
    held = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    return held.recv(100).startswith(b"SSH-")


def test_account_without_sftp_says_so(tmp_path: Path, depot: Path) -> None:
    options = ("ForceCommand /bin/false",)
    with (
        Sshd(tmp_path / "sshd", depot, options=options) as sshd,
        HubAccess(sshd, tmp_path / "key").connect() as transport,
        pytest.raises(DepotBusyError, match="gives it no SFTP"),
    ):
        transport.read_files(["heads/h-1"], max_bytes=MIB)


# The link breaks


@pytest.mark.parametrize("down_bytes", [0, 30, 700, 1500, 2000, 2600, 3_000_000])
def test_cut_connection_is_a_link_that_is_down(hub: HubAccess, down_bytes: int) -> None:
    with Relay(hub.sshd.port) as relay, pytest.raises(LinkDownError):
        relay.cut_after(down_bytes)
        with hub.connect(port=relay.port) as transport:
            read(transport, BIG)


def test_after_a_cut_every_call_fails_at_once(hub: HubAccess) -> None:
    with Relay(hub.sshd.port) as relay, hub.connect(port=relay.port) as transport:
        pieces = transport.read_ranges([BIG])
        next(pieces)
        relay.cut()
        with pytest.raises(LinkDownError, match="was cut"):
            list(pieces)
        started = time.monotonic()
        with pytest.raises(LinkDownError):
            transport.read_files(["heads/h-1"], max_bytes=MIB)
        assert time.monotonic() - started < IN_TIME_S


@pytest.mark.parametrize("down_bytes", [0, 20, 45, 600, 1150, 1400, 1700, 2000, 2300, 2600, 3_000_000])
def test_black_hole_at_any_moment_ends_in_time(hub: HubAccess, down_bytes: int) -> None:
    with Relay(hub.sshd.port) as relay:
        relay.black_hole_after(down_bytes)
        started = time.monotonic()
        with (
            pytest.raises(LinkTimeoutError, match=r"within 0\.[67] s"),
            hub.connect(port=relay.port, connect_timeout_s=0.6, step_timeout_s=0.7) as transport,
        ):
            started = max(started, time.monotonic() - 0.6)  # signed in: from here the last step counts
            read(transport, BIG)
        assert time.monotonic() - started < IN_TIME_S


def test_host_that_takes_no_connection_ends_in_time(hub: HubAccess) -> None:
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # nobody accepts: from now on the kernel drops what comes
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        started = time.monotonic()
        with pytest.raises(LinkTimeoutError, match=r"no connection to .* within 0\.5 s"):
            hub.connect(port=full.getsockname()[1], connect_timeout_s=0.5)
        assert time.monotonic() - started < IN_TIME_S


def test_closing_into_a_black_hole_does_not_wait(hub: HubAccess) -> None:
    with Relay(hub.sshd.port) as relay:
        transport = hub.connect(port=relay.port, step_timeout_s=60)
        next(transport.read_ranges([BIG]))
        relay.black_hole()
        started = time.monotonic()
        transport.close()
        assert time.monotonic() - started < IN_TIME_S


def test_new_keys_in_mid_transfer_do_no_harm(hub: HubAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paramiko.packet.Packetizer, "REKEY_BYTES", MIB)
    with Relay(hub.sshd.port, delay_s=0.05) as relay, hub.connect(port=relay.port) as transport:
        assert read(transport, BIG) == NOISE


def test_new_keys_on_a_slow_link_do_not_hold_up_an_answer(
    hub: HubAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paramiko.packet.Packetizer, "REKEY_BYTES", 8 * 1024)
    waits = []
    with (
        Relay(hub.sshd.port, delay_s=0.15, bits_per_s=64_000) as relay,
        hub.connect(port=relay.port, connect_timeout_s=20, step_timeout_s=20) as transport,
    ):
        got = bytearray()
        for _, piece in transport.read_ranges([Range(BIG.path, 0, 24 * 1024)]):
            got += piece
            if len(waits) < 2:
                asked = time.monotonic()
                transport.read_files(["heads/h-1"], max_bytes=MIB)
                waits.append(time.monotonic() - asked)
    assert bytes(got) == NOISE[: 24 * 1024]
    assert max(waits) < 10


def test_paramiko_says_nothing(
    hub: HubAccess, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Relay(hub.sshd.port) as relay, pytest.raises(Error):
        relay.cut_after(700)
        hub.connect(port=relay.port)
    assert not [record for record in caplog.records if record.name.startswith("paramiko")]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("down_bytes", [0, 60, 130, 200, 260, 320, 380, 440])  # of 450 for one report
@pytest.mark.parametrize("fault", ["cut", "black hole"])
def test_report_arrives_whole_after_a_fault_at_any_moment_of_its_upload(
    inbox: HubAccess, down_bytes: int, fault: str
) -> None:
    report = {"a": NOISE[:60_000]}
    expected, step_s = (LinkDownError, 10.0) if fault == "cut" else (LinkTimeoutError, 0.4)
    with Relay(inbox.sshd.port) as relay, inbox.connect(port=relay.port, step_timeout_s=step_s) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        bend = relay.cut_after if fault == "cut" else relay.black_hole_after
        bend(relay.down_bytes + down_bytes)
        started = time.monotonic()
        with pytest.raises(expected):
            transport.write_files("inbox/h-1", report)
        assert time.monotonic() - started < IN_TIME_S
    lying = inbox.sshd.depot / "inbox" / "h-1" / "a"
    assert not lying.exists() or lying.read_bytes() == report["a"]
    with inbox.connect() as transport:
        transport.write_files("inbox/h-1", report)
    assert lying.read_bytes() == report["a"]
    assert sum(path.stat().st_size for path in lying.parent.iterdir()) == 60_000  # maybe an empty .a.tmp


def test_interrupted_report_goes_on_where_it_stopped(inbox: HubAccess) -> None:
    report = {"a": NOISE[: 2 * MIB]}
    with Relay(inbox.sshd.port) as relay, inbox.connect(port=relay.port) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        relay.cut_after(relay.down_bytes + 1500)
        with pytest.raises(LinkDownError):
            transport.write_files("inbox/h-1", report)
        came = (inbox.sshd.depot / "inbox" / "h-1" / ".a.tmp").stat().st_size
        assert 100_000 < came < 2 * MIB
        relay.cut_after(None)
        relay.reset_counts()
        with inbox.connect(port=relay.port) as second:
            second.write_files("inbox/h-1", report)
        assert relay.up_bytes < 2 * MIB - came + 10_000
    assert (inbox.sshd.depot / "inbox" / "h-1" / "a").read_bytes() == report["a"]


@pytest.mark.parametrize("every_bytes", [40_000, 150_000])
def test_link_that_is_cut_again_and_again_loses_little(hub: HubAccess, every_bytes: int) -> None:
    size, got, cuts = 500_000, bytearray(), 0
    window_bytes, handshake_bytes = 64 * 1024, 3_000
    with Relay(hub.sshd.port, bits_per_s=8_000_000) as relay:
        relay.cut_after(every_bytes)
        while len(got) < size:
            try:
                with hub.connect(port=relay.port) as transport:
                    for _, piece in transport.read_ranges([Range(BIG.path, len(got), size - len(got))]):
                        got += piece
            except LinkDownError:
                cuts += 1
        assert bytes(got) == NOISE[:size]
        assert cuts > 2
        assert relay.down_bytes <= 1.02 * size + (cuts + 1) * (window_bytes + handshake_bytes)


# What it costs


@pytest.mark.alone
def test_a_session_with_nothing_new_is_small(hub: HubAccess) -> None:
    with Relay(hub.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay:
        started = time.monotonic()
        with hub.connect(port=relay.port) as transport:
            transport.read_files(["heads/h-1"], max_bytes=MIB)
            round_trips = (time.monotonic() - started) / ROUND_TRIP_S
        assert round_trips < 6.9  # and one more for TCP, which the relay answers itself
        assert relay.total_bytes <= 8192


@pytest.mark.alone
def test_small_files_cost_the_round_trips_of_one(hub: HubAccess) -> None:
    names = [name for name in FILES if name.startswith("packs/")]
    with Relay(hub.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay, hub.connect(port=relay.port) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        started = time.monotonic()
        assert transport.read_files(names, max_bytes=MIB) == [FILES[name] for name in names]
        assert (time.monotonic() - started) / ROUND_TRIP_S < 2.7


@pytest.mark.alone
def test_a_file_read_again_is_not_opened_again(hub: HubAccess) -> None:
    path = "packs/p/1/index.zst"
    with Relay(hub.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay, hub.connect(port=relay.port) as transport:
        assert read(transport, Range(path, 0, 50)) == FILES[path][:50]
        started = time.monotonic()
        assert read(transport, Range(path, 50, 50)) == FILES[path][50:100]
        assert (time.monotonic() - started) / ROUND_TRIP_S < 1.9


@pytest.mark.alone
def test_ranges_of_many_files_cost_few_round_trips(hub: HubAccess) -> None:
    ranges = [Range(f"packs/p/{number % 7}/index.zst", number, 100) for number in range(70)]
    with Relay(hub.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay, hub.connect(port=relay.port) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        started = time.monotonic()
        assert b"".join(piece for _, piece in transport.read_ranges(ranges)) == b"".join(
            FILES[r.path][r.offset : r.offset + r.length] for r in ranges
        )
        assert (time.monotonic() - started) / ROUND_TRIP_S < 6.5  # 32 files open at once: three times two


@pytest.mark.alone
def test_reports_cost_the_round_trips_of_one(inbox: HubAccess) -> None:
    reports = {f"{number}": NOISE[number : number + 3000] for number in range(20)}
    with (
        Relay(inbox.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay,
        inbox.connect(port=relay.port) as transport,
    ):
        transport.write_files("inbox/h-1", {"first": b"x"})
        relay.reset_counts()
        started = time.monotonic()
        transport.write_files("inbox/h-1", reports)
        assert (time.monotonic() - started) / ROUND_TRIP_S < 3.9  # two, and a busy machine
        assert relay.up_bytes <= 20 * (3000 + 650)
        assert relay.down_bytes <= 20 * 400
        assert transport.received_bytes >= relay.down_bytes  # the meter counts the handshake too


@pytest.mark.alone
def test_large_file_fills_a_long_link(hub: HubAccess) -> None:
    wanted = Range(BIG.path, 0, 2 * MIB)
    with Relay(hub.sshd.port, delay_s=ROUND_TRIP_S / 2) as relay, hub.connect(port=relay.port) as transport:
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        relay.reset_counts()
        started = time.monotonic()
        assert read(transport, wanted) == NOISE[: 2 * MIB]
        assert (time.monotonic() - started) / ROUND_TRIP_S < 7.5
        assert relay.down_bytes <= 1.02 * wanted.length
        assert relay.up_bytes <= 0.02 * wanted.length


@pytest.mark.alone
def test_slow_link_is_used_to_the_full_and_stays_answerable(hub: HubAccess) -> None:
    size, bits_per_s = 200_000, 512_000
    with (
        Relay(hub.sshd.port, delay_s=0.1, bits_per_s=bits_per_s) as relay,
        hub.connect(port=relay.port) as transport,
    ):
        started = time.monotonic()
        read(transport, Range(BIG.path, 0, size))
        assert time.monotonic() - started < 1.25 * size * 8 / bits_per_s
        pieces = transport.read_ranges([Range(BIG.path, 0, MIB)])
        for _ in range(2):
            next(pieces)
        asked = time.monotonic()
        transport.read_files(["heads/h-1"], max_bytes=MIB)
        assert time.monotonic() - asked < 4  # paramiko's prefetch: 29.5 s


class Answering:
    """A server that says one thing to the first caller and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._answer_once)

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *exc: object) -> None:
        self._thread.join()
        self._listener.close()

    def _answer_once(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.sendall(self._answer)
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            while connection.recv(1000):
                pass

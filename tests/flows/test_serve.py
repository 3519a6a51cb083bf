"""`hub serve` as a process, with real gunicorn, kiwix-serve and the indexer."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest

from hub.patience import HalfRequests, PatientSocket
from hub.services import read_service
from hub.settings import HubPaths
from support.data import shared_data
from support.ports import free_port
from support.serving import HUB, Served, serving, write_settings
from support.shelves import put, put_files_pack, put_lesson
from support.sources import write_source
from support.waiting import wait_for

WIKI = "wikibooks_be_all_nopic_2017-02.zim"


@pytest.fixture
def paths(tmp_path: Path) -> HubPaths:
    return HubPaths(tmp_path / "hub")


def put_zim(paths: HubPaths, scratch: Path) -> Path:
    folder = scratch / "wiki"
    folder.mkdir(parents=True)
    shutil.copyfile(shared_data("zim", WIKI), folder / WIKI)
    write_source(folder, {}, id="wiki-be", kind="zim", entry=None, title="Вікікнігі", language="be")
    return put(paths, folder)


@pytest.fixture
def served(paths: HubPaths, tmp_path: Path) -> Iterator[Served]:
    put_files_pack(paths, tmp_path / "scratch")
    put_zim(paths, tmp_path / "scratch")
    with serving(paths) as running:
        yield running


def get(url: str, **headers: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_serves_pages_files_and_the_encyclopaedia(served, paths):
    assert "Матеріали".encode() in get(served.url + "/pack/maths-shelf")[1]
    film = paths.packs / "maths-shelf" / "1" / "files" / "відео" / "4 Частини.mp4"
    address = served.content_url + "/p/maths-shelf/" + quote("відео/4 Частини.mp4")
    assert get(address) == (200, film.read_bytes())
    assert get(address, Range="bytes=100-199") == (206, film.read_bytes()[100:200])
    wait_for(lambda: get(served.content_url + "/z/wiki-be/")[0] == 200, timeout_s=20)
    assert "Першая старонка".encode() in get(served.content_url + "/z/wiki-be/")[1]
    assert get(served.content_url + "/z/wiki-be/no-such-article")[0] == 404
    zim = get(f"{served.content_url}/p/wiki-be/{WIKI}")[1]
    assert zim == shared_data("zim", WIKI).read_bytes()


def test_articles_are_sandboxed_and_kiwix_serve_is_hidden(served):
    wait_for(lambda: get(served.content_url + "/z/wiki-be/")[0] == 200, timeout_s=20)
    for path in ("/z/wiki-be/", "/z/wiki-be/no-such-article"):
        with urllib.request.urlopen(served.content_url + "/z/wiki-be/") as answer:
            assert "sandbox allow-scripts" in answer.headers["Content-Security-Policy"], path
    assert get(served.content_url + "/z/../catalog/v2/entries")[0] == 404
    assert get(served.content_url + "/z/wiki-be/..%2f..%2f..%2fcatalog/v2/entries")[0] == 404


@pytest.mark.alone  # the indexer gets what all others leave of the processor
def test_new_lessons_are_found_by_the_search_without_anybody_s_doing(served, paths, tmp_path):
    query = served.url + "/search?q=" + quote("ґаву")
    put_lesson(paths, tmp_path / "more", id="crow", title="Ґава")
    wait_for(lambda: b"/pack/crow" in get(query)[1], timeout_s=60)


def test_each_port_answers_only_for_its_own_origin_whatever_the_host_header_says(served):
    name = f"127.0.0.1:{served.content_port}"
    assert get(served.url + "/p/maths-shelf/", Host=name)[0] == 404
    assert get(served.content_url + "/library", Host=f"127.0.0.1:{served.port}")[0] == 404


@pytest.mark.alone
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stops_within_five_seconds_and_leaves_nothing_behind(served, paths, how):
    wait_for(lambda: (paths.run / "kiwix.json").is_file(), timeout_s=20)
    kiwix = json.loads((paths.run / "kiwix.json").read_bytes())["pid"]
    idle = http.client.HTTPConnection("127.0.0.1", served.port)
    idle.request("GET", "/")
    idle.getresponse().read()
    assert served.stop(how, within_s=6) == 0
    idle.close()
    assert not Path(f"/proc/{kiwix}").exists()
    assert not (paths.run / "portal.json").exists()
    assert not (paths.run / "kiwix.json").exists()


@pytest.mark.alone
def test_a_learner_who_stopped_reading_does_not_keep_it_from_stopping(served, paths):
    big = paths.packs / "maths-shelf" / "1" / "files" / "big.bin"
    big.write_bytes(b"\0" * 50_000_000)
    with socket.create_connection(("127.0.0.1", served.content_port)) as reader:
        reader.sendall(b"GET /p/maths-shelf/big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        reader.recv(1000)
        assert served.stop(within_s=6) == 0
    wait_for(lambda: not (paths.run / "portal.json").exists(), timeout_s=2)


def ask(port: int, *lines: str, window: int = 4096) -> socket.socket:
    """Connect with a small window, as a phone has, and send these lines of a request."""
    browser = socket.socket()
    browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    browser.settimeout(20)
    browser.connect(("127.0.0.1", port))
    browser.sendall("".join(f"{line}\r\n" for line in lines).encode())
    return browser


def ended(browser: socket.socket) -> bool:
    """Whether the other side has cut off a browser that sent half a request or read nothing."""
    browser.setblocking(False)
    try:
        return not browser.recv(4096)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


FILM = ("GET /p/maths-shelf/big.bin HTTP/1.1", "Host: x", "")


@pytest.fixture
def crowded(paths: HubPaths, tmp_path: Path) -> Iterator[Served]:
    """A portal with 2 threads for pages, 6 for large files, and 2 seconds of patience."""
    put_files_pack(paths, tmp_path / "scratch")
    (paths.packs / "maths-shelf" / "1" / "files" / "big.bin").write_bytes(bytes(60_000_000))
    write_settings(paths, "threads = 2\npatience_s = 2\n[kiwix]\nenabled = false\n")
    with serving(paths) as running:
        yield running


def test_readers_that_read_nothing_take_no_page_from_the_others(crowded):
    with ExitStack() as stack:
        films = [stack.enter_context(ask(crowded.content_port, *FILM)) for _ in range(16)]
        for _ in range(5):
            assert get(crowded.url + "/library")[0] == 200
        statuses = [film.recv(12) for film in films]
        assert statuses.count(b"HTTP/1.1 200") == 6
        assert statuses.count(b"HTTP/1.1 503") == 10


def test_a_reader_that_stands_still_is_cut_off_and_makes_room(crowded):
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(ask(crowded.content_port, *FILM)).recv(12)
        address = crowded.content_url + "/p/maths-shelf/big.bin"
        assert get(address)[0] == 503
        wait_for(lambda: get(address) == (200, bytes(60_000_000)), timeout_s=30)


def test_a_slow_reader_gets_the_whole_film(crowded):
    with ask(crowded.content_port, *FILM, window=65536) as phone:
        phone.recv(12)
        got, until = 0, time.monotonic() + 7
        while time.monotonic() < until:
            got += len(phone.recv(65536))
            time.sleep(0.2)
        while data := phone.recv(1_000_000):
            got += len(data)
            if got >= 60_000_000:
                break
    assert got >= 60_000_000


def test_half_a_request_holds_no_thread_for_ever(crowded):
    with ExitStack() as stack:
        lines = ("GET / HTTP/1.1", "Host: x")
        halves = [stack.enter_context(ask(crowded.port, *lines)) for _ in range(16)]
        assert get(crowded.url + "/library")[0] == 200
        wait_for(lambda: all(map(ended, halves[:8])), timeout_s=15)


@pytest.mark.alone
def test_half_a_request_that_drips_is_cut_off_too(crowded):
    with ask(crowded.port, "GET / HTTP/1.1", "Host: x") as browser:
        for _ in range(8):
            if ended(browser):
                return
            browser.sendall(b"x")
            time.sleep(0.5)
        assert ended(browser)


STRANGER = "127.0.0.2"  # any address of this machine but the one that the learner of these tests has


def begin(port: int, text: str) -> socket.socket:
    """Connect as the stranger, and send no more than the beginning of a request."""
    browser = socket.create_connection(("127.0.0.1", port), timeout=20, source_address=(STRANGER, 0))
    browser.sendall(text.encode())
    return browser


@pytest.mark.alone
@pytest.mark.parametrize(
    "half",
    [
        "",
        "GET / HTTP/1.1\r\nHost: x\r\nX",
        "POST /neighbour/have HTTP/1.1\r\nHost: x\r\nContent-Length: 3200\r\n\r\nx",
    ],
)
def test_a_hundred_halves_of_requests_from_one_device_keep_no_learner_waiting(paths, half):
    """As many threads as there are: each of them would wait for one of these."""
    write_settings(paths, "[kiwix]\nenabled = false\n")
    with serving(paths) as served, ExitStack() as stack:
        halves = [stack.enter_context(begin(served.port, half)) for _ in range(100)]
        before = time.monotonic()
        assert get(served.url + "/")[0] == 200
        assert time.monotonic() - before < 4  # less than any time limit of a request: so none had to run out
        if half:
            wait_for(lambda: sum(map(ended, halves)) >= 84, timeout_s=4)
        wait_for(lambda: all(map(ended, halves)), timeout_s=15)  # and not 30 s, as who reads a film may take
        served.stop()
        assert "Traceback" not in served.process.stdout.read()


def test_an_upload_that_comes_steadily_has_more_time_than_a_small_request():
    server, client = socket.create_server(("127.0.0.1", 0)), socket.socket()
    client.connect(server.getsockname())
    with server:
        taken, _ = server.accept()
    patient = PatientSocket(taken, 30, halves=HalfRequests(), most_halves=1)
    with patient, client:
        patient.setblocking(True)
        client.sendall(bytes(40_000))
        got = 0
        while got < 40_000:
            got += len(patient.recv(8192))
        assert patient.seconds_left > 10


@pytest.mark.alone
def test_browsers_that_do_not_say_goodbye_keep_nobody_waiting(crowded):
    before = time.monotonic()
    with ExitStack() as stack:
        for _ in range(4):
            browser = stack.enter_context(ask(crowded.port, "GET /favicon.ico HTTP/1.0", "Host: x", ""))
            browser.recv(12)
        assert get(crowded.url + "/library")[0] == 200
    assert time.monotonic() - before < 2


@pytest.mark.alone
def test_a_cut_off_reader_is_not_in_the_log(crowded):
    with ask(crowded.content_port, *FILM) as film:
        film.recv(12)
        time.sleep(4)
    crowded.stop()
    assert "Traceback" not in crowded.process.stdout.read()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64, "198.51.100.7"])
def test_a_host_that_is_none_of_this_machine_is_named(paths, host):
    write_settings(paths)
    toml = paths.settings.read_text().replace('host = "127.0.0.1"', f'host = "{host}"')
    paths.settings.write_text(toml)
    command = [str(HUB), "--dir", str(paths.dir), "serve", "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (74, "")
    assert "portal.host" in done.stderr
    assert "hub.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_that_brick_no_portal(paths):
    write_settings(
        paths, "threads = 0\nport = 0\npatience_s = nan\ncontent_port = 'x'\n[kiwix]\nenabled = 7\n"
    )
    with serving(paths) as running:
        assert get(running.url + "/")[0] == 200
        command = [str(HUB), "--dir", str(paths.dir), "status"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    for key in ("portal.threads", "portal.port", "portal.patience_s", "portal.content_port", "kiwix.enabled"):
        assert f"{key}: expected" in done.stdout


def test_a_state_file_that_cannot_be_written_stops_no_portal(paths):
    write_settings(paths)
    (paths.run / "portal.json").mkdir(parents=True)
    port = free_port()
    command = [str(HUB), "--dir", str(paths.dir), "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: answers(port), timeout_s=20)
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()


def answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/")[0] == 200
    except OSError:
        return False


def test_says_where_it_listens(paths):
    with serving(paths) as running:
        said = read_service(paths, "portal")
        assert (said["host"], said["port"]) == ("127.0.0.1", running.port)


def test_a_taken_port_is_named_with_what_to_do(paths):
    write_settings(paths)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [str(HUB), "--dir", str(paths.dir), "serve", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 74
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_neighbour_port_moves_the_packs_elsewhere(paths):
    port = free_port()
    with socket.create_server(("127.0.0.1", port + 1)), serving(paths, port=port) as running:
        assert running.content_port not in (port, port + 1)
        assert get(running.content_url + "/p/none/")[0] == 404


def test_prints_one_address_a_line(paths):
    port = free_port()
    with serving(paths, port=port) as running:
        assert running.process.stdout.readline() == f"http://127.0.0.1:{port}/\n"

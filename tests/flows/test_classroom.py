"""Every kind of pack goes from its author through a real sshd to the portal, Kolibri and kiwix-serve."""

import html
import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from urllib.parse import quote, unquote

import pytest

from support.data import shared_data
from support.kolibri import KOLIBRI
from support.lessons import epub, mp4, pdf, write_folder
from support.ports import free_port
from support.road import BIN, Road, must
from support.sources import read_tree, write_source
from support.waiting import wait_for

SHELF = {
    "Казки народів.epub": epub(),
    "Робочий аркуш #1.pdf": pdf("Робочий аркуш"),
    "фільм.mp4": mp4(b"\0" * 3_000_000),
    "нотатки.md": "# Нотатки\n\nЧисельник і знаменник.\n".encode(),
}


def make_sources(folder):
    """Return the sources of all kinds."""
    book = write_source(folder / "textbook", {}, id="textbook", language="en", title="Python", content="site")
    shutil.copytree(shared_data("textbook", "v3"), book / "site")
    shelf = write_source(folder / "shelf", SHELF, id="shelf", kind="files", title="Полиця", entry=None)
    zims = [
        write_source(
            folder / name,
            {f"{name}.zim": shared_data("zim", file).read_bytes()},
            id=name,
            kind="zim",
            title=name,
            entry=None,
        )
        for name, file in (("small", "small.zim"), ("wikibooks", "wikibooks_be_all_nopic_2017-02.zim"))
    ]
    write_folder(folder / "lessons")
    must("packs", "channel", folder / "lessons", "-o", folder / "channel")
    return book, shelf, *zims, folder / "channel"


class Classroom:
    """A hub that was synced, with `hub serve` and `hub kolibri` running."""

    def __init__(self, folder):
        self.road = Road(folder)
        self.processes = []
        try:
            self._start(make_sources(folder))
        except BaseException:
            self.stop()
            raise

    def _start(self, sources):
        self.sources = {source.name: source for source in sources}
        self.road.publish(*sources)
        hub = self.road.hub
        with (hub / "hub.toml").open("a") as file:
            file.write(f"[kolibri]\ncommand = {json.dumps(str(KOLIBRI))}\nport = 0\nzip_port = 0\n")
        self.road.assign(*(self.show(name)["pack"]["id"] for name in self.sources))
        synced = self.road.sync("--json")
        assert synced.code == 0, synced.err
        for words in (["serve", "--host", "127.0.0.1", "--port", str(free_port())], ["kolibri"]):
            command = [str(BIN / "hub"), "--dir", str(hub), *words]
            self.processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        wait_for(lambda: self.state("portal"), timeout_s=60)
        wait_for(lambda: self.state("kolibri").get("up"), timeout_s=120)

    def state(self, name):
        path = self.road.hub / "run" / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def get(self, service, path, *, port="port", **headers):
        url = f"http://127.0.0.1:{self.state(service)[port]}{quote(path, safe='/?=&%')}"
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, answer.read()

    def show(self, name):
        return json.loads(must("packs", "show", self.road.folder / "built" / name, "--json").out)

    def channels(self):
        return [channel["name"] for channel in json.loads(self.get("kolibri", "/api/public/v1/channels")[1])]

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self.road.stop()


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    classroom = Classroom(tmp_path_factory.mktemp("classroom"))
    yield classroom
    classroom.stop()


def test_every_byte_that_the_portal_serves_equals_the_source(classroom):
    served = 0
    for pack, tree in (("textbook", read_tree(shared_data("textbook", "v3"))), ("shelf", SHELF)):
        for path, data in tree.items():
            status, body = classroom.get(
                "portal", f"/p/{pack}/{path}".replace("%", "%25"), port="content_port"
            )
            assert (status, body) == (200, data), f"{pack}/{path}"
            served += 1
    assert served > 390


def test_a_video_is_served_in_ranges(classroom):
    whole = SHELF["фільм.mp4"]
    got = classroom.get("portal", "/p/shelf/фільм.mp4", port="content_port", Range="bytes=1000000-1999999")
    assert got == (206, whole[1_000_000:2_000_000])


def test_home_and_library_show_what_is_here(classroom):
    for path in ("/", "/library"):
        page = classroom.get("portal", path)[1].decode()
        assert "Полиця" in page
    status = json.loads(classroom.get("portal", "/status.json")[1])
    assert status["level"] in ("good", "note"), status


@pytest.mark.parametrize(
    ("words", "pack"),
    [
        ("floating-point", "textbook"),
        ("знаменник", "shelf"),
        ("Беларуская", "wikibooks"),
        ("Test ZIM", "small"),
    ],
)
def test_the_search_finds_every_kind_and_links_to_a_page(classroom, words, pack):
    found = must("hub", "--dir", classroom.road.hub, "search", words, "--json").json["results"]
    mine = [hit for hit in found if hit["pack"] == pack]
    assert mine, found
    assert classroom.get("portal", mine[0]["url"].replace("%", "%"))[0] == 200


@pytest.mark.parametrize(
    ("words", "kind"), [("variable", "web"), ("знаменник", "files"), ("variabel", "web")]
)
def test_the_command_and_the_page_find_the_same(classroom, words, kind):
    command = ("hub", "--dir", classroom.road.hub, "search", words, "--kind", kind, "--json")
    found = must(*command).json
    page = classroom.get("portal", f"/search?q={words}&kind={kind}", **{"Accept-Language": "uk"})[1].decode()
    links = [unquote(html.unescape(link)) for link in re.findall(r'class="hit"[^>]* href="([^"]+)"', page)]
    assert links == [unquote(hit["url"]) for hit in found["results"]]
    assert links
    assert re.search(r'<p class="count">(\d+)', page)[1] == str(found["total"])


def test_zim_articles_come_through_kiwix_serve(classroom):
    main = json.loads(must("packs", "show", classroom.road.folder / "built/small", "--json").out)["details"][
        "main"
    ]
    wait_for(lambda: classroom.get("portal", f"/z/small/{main}", port="content_port")[0] == 200, timeout_s=30)
    status, body = classroom.get("portal", f"/z/small/{main}", port="content_port")
    assert status == 200
    assert b"<html" in body.lower()


def test_kolibri_lists_the_channel_and_serves_its_files_with_no_second_copy(classroom):
    channel = next(
        p
        for p in must("hub", "--dir", classroom.road.hub, "packs", "--json").json["packs"]
        if p["kind"] == "kolibri"
    )
    tree = read_tree(type(classroom.road.folder)(channel["path"]))
    wait_for(classroom.channels, timeout_s=120)
    assert classroom.channels() == [channel["title"]]
    stored = {path.rsplit("/", 1)[-1]: data for path, data in tree.items() if "/storage/" in f"/{path}"}
    assert stored
    for name, data in stored.items():
        assert classroom.get("kolibri", f"/content/storage/{name[0]}/{name[1]}/{name}")[1] == data
        (place,) = (p for p in (classroom.road.hub / "kolibri").rglob(name) if p.is_file())
        assert place.stat().st_nlink >= 3  # the store, the pack's tree, Kolibri's tree: one content


def test_rollback_is_served_at_once(classroom):
    road = classroom.road
    source = write_source(
        road.folder / "shelf-2",
        SHELF | {"нове.md": b"# New\n"},
        id="shelf",
        kind="files",
        title="Полиця",
        entry=None,
        version=2,
    )
    road.publish(source)
    assert road.sync().code == 0
    assert classroom.get("portal", "/p/shelf/нове.md", port="content_port")[1] == b"# New\n"
    must("hub", "--dir", road.hub, "packs", "--rollback", "shelf")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        classroom.get("portal", "/p/shelf/нове.md", port="content_port")
    assert classroom.get("portal", "/p/shelf/нотатки.md", port="content_port")[1] == SHELF["нотатки.md"]

"""A folder of lessons becomes a channel that a real Kolibri lists, searches and serves, in every version."""

import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from content_packs.channel import make_channel
from content_packs.channel.tree import channel_id
from content_packs.check import check_source
from content_packs.durable import write_durably
from content_packs.errors import LocalError
from content_packs.source import open_source
from hub.kolibri.process import run_kolibri
from hub.settings import HubPaths, read_settings
from support.installing import install_source, uninstall, used_bytes
from support.kolibri import KOLIBRI, HubKolibri, dead
from support.lessons import mp4, pdf, write_folder
from support.waiting import wait_for

CHANNEL = channel_id("maths-grade4")


@contextmanager
def hub_in(folder: Path) -> Iterator[HubKolibri]:
    """Yield a hub whose Kolibri is not started yet; whatever runs at the end is stopped."""
    paths = HubPaths(folder / "hub")
    text = f"""hub_id = "h-test"\ndepot_url = "/nowhere"\n[sync]\nreserve_bytes = 1048576
[portal]\nname = "Школа № 5"\n[kolibri]\ncommand = "{KOLIBRI}"\nport = 0\nzip_port = 0\n"""
    write_durably(paths.settings, text.encode())
    hub = HubKolibri(paths)
    try:
        yield hub
    finally:
        hub.end()


@pytest.fixture
def new_hub(tmp_path):
    """A hub whose Kolibri has never run."""
    with hub_in(tmp_path) as hub:
        yield hub


@pytest.fixture(scope="module")
def after_its_first_start(tmp_path_factory):
    """What a Kolibri without channels has on its disk when it ends."""
    with hub_in(tmp_path_factory.mktemp("kolibri")) as hub:
        hub.start()
        assert hub.stop() == 0
        return hub.paths.kolibri


@pytest.fixture
def hub(after_its_first_start, tmp_path):
    """A hub whose Kolibri has run before: the tables that it makes first take twice as long as a start."""
    with hub_in(tmp_path) as hub:
        shutil.copytree(after_its_first_start, hub.paths.kolibri, symlinks=True)
        yield hub


def install_version(hub: HubKolibri, tmp_path: Path, version: int, **how: str) -> Path:
    folder = write_folder(tmp_path / f"lessons-{version}", version=version, **how)
    make_channel(folder, tmp_path / f"source-{version}")
    return install_source(hub.paths, tmp_path / f"source-{version}")


def find_facility(hub: HubKolibri) -> str:
    database = hub.paths.kolibri / "home" / "db.sqlite3"
    with closing(sqlite3.connect(database)) as db:
        return str(db.execute("select id from kolibriauth_collection where kind = 'facility'").fetchone()[0])


def test_damaged_databases_come_back_from_their_copies(hub):
    """FAULTS 24: learners and marks are those of the day before, and it is said that they are."""
    hub.start()
    kept, home = hub.paths.kolibri / "kept" / "db.sqlite3", hub.paths.kolibri / "home"
    wait_for(kept.exists, timeout_s=60)
    assert hub.state["mended"] is None
    assert hub.stop() == 0
    facility = find_facility(hub)
    for name in ("db", "notifications", "sessions"):
        with (home / f"{name}.sqlite3").open("r+b") as file:
            file.write(b"\xff" * 8192)

    hub.start()
    assert find_facility(hub) == facility
    assert hub.state["mended"]["copy_at"]
    assert hub.get_json("/api/public/info/")["application"] == "kolibri"
    assert hub.stop() == 0


def stored(content: Path) -> dict[str, Path]:
    return {path.name: path for path in (content / "storage").rglob("*") if path.is_file()}


def test_channel_is_listed_searched_and_served_without_a_copy(new_hub, tmp_path):
    content = install_version(new_hub, tmp_path, 1)
    new_hub.start()
    new_hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})

    (channel,) = new_hub.get_json("/api/public/v1/channels")
    assert (channel["id"], channel["name"], channel["version"]) == (CHANNEL, "Математика, 4 клас", 1)
    assert channel["total_resource_count"] == 5
    nodes = new_hub.get_json(f"/api/content/contentnode/?channel_id={CHANNEL}&max_results=50")["results"]
    kinds = {node["title"]: (node["kind"], node["is_leaf"], node["available"]) for node in nodes}
    assert kinds == {
        "Математика, 4 клас": ("topic", False, True),
        "Дроби": ("topic", False, True),
        "Вступ до дробів": ("document", True, True),
        "Частини цілого": ("video", True, True),
        "Гра в дроби": ("html5", True, True),
        "Додатки": ("topic", False, True),
        "Казки про числа": ("document", True, True),
        "Пісня": ("audio", True, True),
    }
    found = new_hub.get_json(f"/api/content/contentnode_search/?search={quote('яблука')}")
    assert [node["title"] for node in found["results"]] == ["Частини цілого"]
    (video,) = [node for node in nodes if node["kind"] == "video"]
    assert {file["preset"] for file in video["files"]} == {
        "high_res_video",
        "video_subtitle",
        "video_thumbnail",
    }
    assert {file["lang"]["id"] for file in video["files"] if file["lang"]} == {"uk", "en"}
    with urlopen(f"http://127.0.0.1:{new_hub.state['port']}/viewcontent?node_id={video['id']}") as shown:
        assert "/uk/learn/" in shown.url
    (game,) = [file for node in nodes if node["kind"] == "html5" for file in node["files"]]
    page = new_hub.get(f"/content/zipcontent/{game['checksum']}.zip/index.html", port="zip_port")
    assert "<title>Гра в дроби</title>" in page.decode()
    for name, path in stored(content).items():
        assert new_hub.get(f"/content/storage/{name[0]}/{name[1]}/{name}") == path.read_bytes(), name
    assert used_bytes(new_hub.paths.kolibri / "content" / "storage") == 0
    assert used_bytes(new_hub.paths.kolibri / "home" / "content") == 0
    assert new_hub.stop() == 0
    assert new_hub.state == {}


def test_upgrade_rollback_and_removal_follow_the_installed_packs(hub, tmp_path):
    first = install_version(hub, tmp_path, 1)
    before = {path.name: path.read_bytes() for path in (first / "databases").iterdir()}
    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})

    second = install_version(hub, tmp_path, 2, title="Математика, друге видання", extra=" and more")
    hub.wait_for_stamps({CHANNEL: "maths-grade4@2"})
    assert hub.state["channels"][0]["title"] == "Математика, друге видання"
    assert set(stored(hub.paths.kolibri / "content")) == set(stored(second))

    install_source(hub.paths, tmp_path / "source-1")
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})
    assert [c["name"] for c in hub.get_json("/api/content/channel/")] == ["Математика, 4 клас"]
    assert set(stored(hub.paths.kolibri / "content")) == set(stored(first))
    assert {path.name: path.read_bytes() for path in (first / "databases").iterdir()} == before

    uninstall(hub.paths, "maths-grade4")
    hub.wait_for_stamps({})
    assert hub.get_json("/api/content/channel/") == []
    assert not stored(hub.paths.kolibri / "content")
    assert list((hub.paths.kolibri / "content" / "databases").iterdir()) == []


def test_export_of_kolibri_itself_is_a_good_pack_source(hub, tmp_path):
    install_version(hub, tmp_path, 1)
    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})
    hub.manage("exportchannel", CHANNEL, tmp_path / "export")
    hub.manage("exportcontent", CHANNEL, tmp_path / "export")
    toml = (tmp_path / "source-1" / "pack.toml").read_text().replace('content = "content"', "")
    (tmp_path / "export" / "pack.toml").write_text(toml.replace("version = 1", "version = 2"))

    assert check_source(open_source(tmp_path / "export")) == []
    content = install_source(hub.paths, tmp_path / "export")
    hub.wait_for_stamps({CHANNEL: "maths-grade4@2"})

    assert (content / "content" / "databases").is_dir()
    assert hub.state["channels"][0]["resources"] == 5


def test_same_channel_version_with_other_lessons_is_replaced(hub, tmp_path):
    """An export made twice from Studio has one channel version; the pack's version tells them apart."""
    install_version(hub, tmp_path, 1)
    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})
    folder = write_folder(tmp_path / "other", version=1)
    (folder / "1 Дроби" / "3 Новий.pdf").write_bytes(pdf("Новий урок"))
    make_channel(folder, tmp_path / "other-source")
    toml = tmp_path / "other-source" / "pack.toml"
    toml.write_text(toml.read_text().replace("version = 1", "version = 2"))

    install_source(hub.paths, tmp_path / "other-source")
    hub.wait_for_stamps({CHANNEL: "maths-grade4@2"})

    assert hub.state["channels"][0]["resources"] == 6


def test_killed_kolibri_is_started_again_and_dies_with_the_hub(hub, tmp_path):
    hub.start()
    first = hub.state["pid"]
    hub.kill_kolibri()
    wait_for(lambda: hub.state.get("up") and hub.state["pid"] != first, timeout_s=60, seen=lambda: hub.state)
    second = hub.state["pid"]
    hub.kill()
    wait_for(lambda: dead(second), timeout_s=40)


def test_cut_in_the_middle_of_an_upgrade_is_finished_at_the_next_start(hub, tmp_path):
    install_version(hub, tmp_path, 1)
    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})
    install_version(hub, tmp_path, 2, extra=" more")
    wait_for(lambda: "scanforcontent" in processes_of(hub), timeout_s=20)
    pid = hub.state["pid"]
    hub.kill()
    wait_for(lambda: dead(pid), timeout_s=40)
    shutil.rmtree(hub.paths.kolibri / "content" / "storage")

    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@2"})

    assert hub.state["channels"][0]["resources"] == 5


def processes_of(hub: HubKolibri) -> str:
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.is_file()]
    return "".join(line.decode(errors="replace") for line in lines if str(KOLIBRI).encode() in line)


def test_one_bad_channel_does_not_keep_the_good_one_out(hub, tmp_path):
    install_version(hub, tmp_path, 1)
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "channel.toml").write_text('id = "bad-one"\n')
    (folder / "Відео.mp4").write_bytes(mp4(b"x" * 99))
    make_channel(folder, tmp_path / "bad-source")
    content = install_source(hub.paths, tmp_path / "bad-source")
    (database,) = (content / "databases").iterdir()
    database.chmod(0o644)
    database.write_bytes(b"not a database" * 1000)

    hub.start()
    hub.wait_for_stamps({CHANNEL: "maths-grade4@1"})

    wait_for(lambda: hub.state["failed"], timeout_s=60, seen=lambda: hub.state)
    assert [failure["id"] for failure in hub.state["failed"]] == [channel_id("bad-one")]


def test_a_port_that_another_program_has_is_named(new_hub):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = new_hub.paths.settings.read_text().replace("port = 0", f"port = {port}", 1)
        write_durably(new_hub.paths.settings, text.encode())
        settings = read_settings(new_hub.paths)
        with pytest.raises(LocalError, match=f"port {port}: another program") as error:
            run_kolibri(new_hub.paths, settings, until=threading.Event())
    assert "kolibri.port" in error.value.hint


def test_secrets_are_of_this_hub_and_for_nobody_else(new_hub, tmp_path):
    new_hub.start()
    base = new_hub.paths.kolibri
    assert not (base / "provision.json").exists()
    for secret in (base / "secret" / "hub_kolibri.py", base / "superuser.json"):
        assert secret.stat().st_mode & 0o077 == 0, secret
    info = new_hub.get_json("/api/public/info/?v=3")
    assert info["device_name"] == "Школа № 5"
    (facility,) = new_hub.get_json("/api/public/v1/facility/")
    assert facility["learner_can_login_with_no_password"] is False

"""FAULTS 4: whatever state file a power cut leaves empty, half or as garbage, the next sync mends the hub."""

import shutil
from contextlib import closing

import pytest

from content_packs.errors import LocalError
from hub.clock import hub_now
from hub.library import indexer
from hub.library.install import roll_back
from hub.library.installed import list_packs
from hub.library.rebuild import open_library
from hub.library.search import Page, search
from hub.settings import HubPaths, read_settings
from hub.sync.report import Progress
from hub.sync.session import sync
from support.road import Road, must
from support.sources import PAGE, write_source

DAMAGES = {
    "empty": lambda data: b"",
    "half": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "garbage": lambda data: bytes((byte * 7 + 13) % 256 for byte in data),
}
CONTENT = ("store", "locks", "run")  # pack files: FAULTS 5; locks have no content; run/ is for one boot


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """An office with two packs, and a hub that has them, one of them rolled back."""
    folder = tmp_path_factory.mktemp("road")
    road = Road(folder)
    try:
        for version in (1, 2):
            road.publish(*(_source(folder, pack_id, version) for pack_id in ("fractions", "history")))
            if version == 1:
                road.assign("fractions", "history")
            must("hub", "--dir", road.hub, "sync", "--no-neighbours")
        roll_back(HubPaths(road.hub), "history")
        must("hub", "--dir", road.hub, "sync", "--no-neighbours")
        yield road
    finally:
        road.stop()


def _source(folder, pack_id, version):
    page = PAGE.format(f"Тема {pack_id}", f"версія {version}").encode()
    return write_source(folder / f"{pack_id}-{version}", {"index.html": page}, id=pack_id, version=version)


def state_files(hub):
    """Every file that is neither content of a pack nor without meaning."""
    found = [path.relative_to(hub) for path in hub.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(p for p in found if p.parts[0] not in CONTENT and "files" not in p.parts)


def run_sync(paths):
    settings = read_settings(paths)
    report = sync(paths, settings, source=None, progress=Progress())
    return [f"{action.pack_id}: {error}" for action, error in report.failures]


def shown(paths):
    """What learners have: title and page of each pack."""
    with closing(open_library(paths, now=hub_now(paths.trust))) as db:
        return {pack.pack.id: (pack.content_dir / "index.html").read_text() for pack in list_packs(db, paths)}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_hub_mends_every_state_file_by_itself(road, tmp_path, damage):
    wanted = shown(HubPaths(road.hub))
    assert set(wanted) == {"fractions", "history"}
    names = state_files(road.hub)
    assert len(names) > 10
    unmended = {}
    for name in names:
        hub = tmp_path / "hub"
        shutil.copytree(road.hub, hub, symlinks=True)
        (hub / name).chmod(0o644 if "id_ed25519" not in name.name else 0o600)
        (hub / name).write_bytes(DAMAGES[damage]((hub / name).read_bytes()))
        try:
            failures = run_sync(HubPaths(hub))
            if failures or shown(HubPaths(hub)) != wanted:
                unmended[str(name)] = failures or "learners see something else"
        except Exception as error:  # which file it was is what one wants to know
            unmended[str(name)] = repr(error)
        shutil.rmtree(hub)
    assert unmended == {}


def test_a_hub_mends_everything_that_has_a_copy_at_once(road, tmp_path):
    wanted = shown(HubPaths(road.hub))
    paths = HubPaths(tmp_path / "hub")
    shutil.copytree(road.hub, paths.dir, symlinks=True)
    for name in state_files(paths.dir):
        if name.parts[0] != "spare" and name.name != "metadata-copy.zst":
            (paths.dir / name).chmod(0o644)
            (paths.dir / name).write_bytes(b"")
    assert run_sync(paths) == []
    # The version that was rolled back to is lost with its index; the office has the one that it offers.
    assert shown(paths) == wanted | {"history": wanted["history"].replace("версія 1", "версія 2")}


def test_the_search_mends_itself(road, tmp_path):
    paths = HubPaths(tmp_path / "hub")
    for damage in (DAMAGES["half"], DAMAGES["garbage"]):
        shutil.copytree(road.hub, paths.dir, symlinks=True)
        paths.search_db.write_bytes(damage(paths.search_db.read_bytes()))
        must("hub", "--dir", paths.dir, "sync", "--no-neighbours")
        assert not indexer.pending(paths)
        assert search(paths, "fractions", ui_language="uk", page=Page(5)).hits
        shutil.rmtree(paths.dir)


def test_a_key_lost_with_its_copy_is_the_one_thing_that_needs_the_office(road, tmp_path):
    paths = HubPaths(tmp_path / "hub")
    shutil.copytree(road.hub, paths.dir, symlinks=True)
    for path in (paths.key, paths.spare / paths.key.name):
        path.write_bytes(b"")
    with pytest.raises(LocalError, match="private key is lost") as error:
        run_sync(paths)
    assert "central enrol" in error.value.hint
    assert set(shown(paths)) == {"fractions", "history"}

"""What root reads in the hub's folder while the hub runs: no pipe there makes it wait."""

import os
from datetime import UTC, datetime

import pytest

from content_packs.errors import LocalError
from content_packs.trust import offers_from_cache
from hub.card import clock
from hub.library.installed import read_installed_index_json
from hub.network.state import read_network_state
from hub.settings import HubPaths, read_settings
from hub.sticks import list_sticks
from hub.updates import Updates, read_updates, write_updates_file

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path)


def pipe(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("name", "read", "found"),
    [
        ("updates.json", read_updates, None),
        ("run/sticks.json", list_sticks, ()),
        ("run/network.json", read_network_state, None),
    ],
)
def test_a_pipe_says_nothing(paths, name, read, found):
    pipe(paths.dir / name)
    assert read(paths) == found


def test_what_is_told_takes_the_place_of_a_pipe(paths):
    pipe(paths.updates)
    write_updates_file(paths.updates, Updates("hub-v1"))
    assert read_updates(paths) == Updates("hub-v1")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("trust/metadata.zst", lambda paths: offers_from_cache(paths.trust, b"{}", "h-1", now=NOW)),
        ("trust/clock-floor", lambda paths: clock.keep_time(paths.dir, paths.trust, now=NOW)),
        ("packs/a/1/index.zst", lambda paths: read_installed_index_json(paths, "a", 1)),
    ],
)
def test_what_cannot_be_done_without_it_fails_at_once(paths, name, read):
    pipe(paths.dir / name)
    with pytest.raises((LocalError, OSError), match="is no file"):
        read(paths)


def test_settings_come_from_their_copy(paths):
    (paths.spare).mkdir()
    (paths.spare / "hub.toml").write_text('hub_id = "h-1"\ndepot_url = "/depot"\n')
    pipe(paths.settings)
    assert read_settings(paths).hub_id == "h-1"
    assert paths.settings.is_file()

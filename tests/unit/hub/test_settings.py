"""hub.toml: what is wrong in it costs one setting, not a school."""

import pytest

from content_packs.errors import UsageError
from hub.settings import DoorSettings, HubPaths, PortalSettings, SyncSettings, from_dict, read_settings

GIB = 2**30
IDENTITY = 'hub_id = "h-1"\ndepot_url = "/depot"\n'


@pytest.fixture
def paths(tmp_path):
    return HubPaths(tmp_path)


def read(paths, text):
    paths.settings.write_text(text, encoding="utf-8")
    return read_settings(paths)


@pytest.mark.parametrize(
    "line",
    [
        "port = 0",
        "port = 65536",
        "port = -1",
        "port = true",
        'port = "8080"',
        "port = 8080.0",
        "content_port = 99999",
        "threads = 0",
        "threads = 1000000",
        "patience_s = nan",
        "patience_s = inf",
        "patience_s = 0",
        "patience_s = false",
        "host = 5",
        "name = ['x']",
        "language = { uk = 1 }",
    ],
)
def test_value_that_cannot_be_used_is_refused_and_the_default_stands(paths, line):
    settings = read(paths, f"{IDENTITY}[portal]\n{line}\n")
    assert settings.portal == PortalSettings()
    [refused] = settings.refused
    assert refused.key == "portal." + line.split()[0]
    assert "expected" in refused.why
    default = getattr(PortalSettings(), line.split()[0])
    assert ("it counts as empty" if default == "" else f"{default!r} is used") in str(refused)


@pytest.mark.parametrize("line", ["connect_timeout_s = nan", "step_timeout_s = 0", "reserve_bytes = -1"])
def test_sync_has_limits_too(paths, line):
    settings = read(paths, f"{IDENTITY}[sync]\n{line}\n")
    assert settings.sync == SyncSettings()
    assert [refused.key for refused in settings.refused] == ["sync." + line.split()[0]]


def test_good_values_beside_a_bad_one_are_used(paths):
    settings = read(paths, IDENTITY + "[portal]\nthreads = 0\nport = 80\npatience_s = 5\nname = 'Школа'\n")
    assert settings.portal == PortalSettings(port=80, patience_s=5.0, name="Школа")
    assert isinstance(settings.portal.patience_s, float)


def test_section_that_is_no_table_is_refused(paths):
    settings = read(paths, IDENTITY + "portal = 8080\nuplink = 3\n")
    assert (settings.portal, settings.unknown) == (PortalSettings(), ("uplink",))
    assert str(settings.refused[0]).startswith("portal: expected a table")


def test_endless_nonsense_is_quoted_shortly(paths):
    settings = read(paths, f"{IDENTITY}[portal]\nport = '{'9' * 100_000}'\n")
    assert len(str(settings.refused[0])) < 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hub_id = [", "not valid TOML"),
        ('depot_url = "/depot"', "hub_id is missing"),
        ('hub_id = "h-1"', "depot_url is missing"),
        ('hub_id = 7\ndepot_url = "/depot"', "hub_id: expected text"),
        ('hub_id = "h-1"\ndepot_url = 7', "depot_url: expected text"),
        ('hub_id = "../x"\ndepot_url = "/depot"', r"\.\./x"),
    ],
)
def test_what_nobody_can_guess_is_an_error(paths, text, words):
    with pytest.raises(UsageError, match=words):
        read(paths, text)


def test_reserve_is_five_percent_and_at_least_the_setting():
    settings = SyncSettings(reserve_bytes=GIB)
    assert settings.reserve(10 * GIB) == GIB
    assert settings.reserve(100 * GIB) == 5 * GIB


def test_defaults_keep_their_own_limits():
    assert from_dict({"hub_id": "h-1", "depot_url": "/d"}).refused == ()


@pytest.mark.parametrize("left", ["", IDENTITY[:20], "\0" * 40])
def test_a_power_cut_costs_no_setting(paths, left):
    before = read(paths, IDENTITY + "[portal]\nport = 9000\n")
    assert read(paths, left) == before
    assert read_settings(paths) == before
    assert paths.settings.read_text().startswith(IDENTITY)


@pytest.mark.parametrize("typed", ["hub_id = [", IDENTITY + "[portals", 'hub_id = "h-2"\n'])
def test_a_typing_error_leaves_the_hub_as_it_was_and_is_told(paths, typed):
    read(paths, IDENTITY + "[portal]\nport = 9000\n")
    settings = read(paths, typed)
    assert settings.portal.port == 9000
    assert [refused.key for refused in settings.refused] == ["hub.toml"]
    assert str(settings.refused[0]).count("hub.toml") == 1
    assert settings.refused[0].why.endswith("; what it said when it was last right is used")
    assert paths.settings.read_text() == typed
    assert read(paths, IDENTITY).portal.port == 8080


@pytest.mark.parametrize(
    "line",
    [
        'quiet_hours = "8-15"',
        'quiet_hours = "00:00-24:00"',
        "quiet_hours = 8",
        "day_mb = -1",
        "session_mb = 0.5",
    ],
)
def test_limits_of_the_uplink_that_make_no_sense_are_refused(paths, line):
    settings = read(paths, f"{IDENTITY}[sync]\n{line}\n")
    assert settings.sync == SyncSettings()
    assert [refused.key for refused in settings.refused] == ["sync." + line.split()[0]]
    assert "expected" in settings.refused[0].why


@pytest.mark.parametrize("name", ["hub", "HUB.lan", "hub.lan.", "a b.lan", "-x.lan", "hub.lan;", "é.lan", ""])
def test_a_name_of_the_door_that_is_no_host_name_is_refused(paths, name):
    settings = read(paths, f"{IDENTITY}[door]\nhub_name = '{name}'\npacks_domain = '{name}'\n")
    assert settings.door == DoorSettings()
    assert [refused.key for refused in settings.refused] == ["door.hub_name", "door.packs_domain"]


@pytest.mark.parametrize(
    ("section", "key", "text"),
    [
        ("door", "user", "www-data; load_module /data/hub/evil.so"),
        ("door", "user", "www-data\\n}"),
        ("door", "user", "root"),
        ("door", "host", "0.0.0.0:80; } server { listen 8080"),
        ("kolibri", "host", "127.0.0.1:22; server 10.0.0.1"),
        ("portal", "host", "$host"),
    ],
)
def test_what_would_be_a_directive_of_root_s_nginx_is_refused(paths, section, key, text):
    """hub.toml belongs to the portal's account; nginx is started by root."""
    settings = read(paths, f'{IDENTITY}[{section}]\n{key} = "{text}"\n')

    assert [refused.key for refused in settings.refused] == [f"{section}.{key}"]
    assert text not in str(getattr(getattr(settings, section), key))


def test_behind_the_door_the_portal_listens_on_loopback_only(paths):
    assert read(paths, IDENTITY).inner_host == "0.0.0.0"
    assert read(paths, f"{IDENTITY}[door]\nenabled = true\n").inner_host == "127.0.0.1"


def test_budgets_count_as_those_who_sell_data_do(paths):
    settings = read(paths, f'{IDENTITY}[sync]\nquiet_hours = "22:00-06:00"\nday_mb = 50\nmonth_mb = 1000\n')
    limits = settings.sync.limits()
    assert (limits.session_bytes, limits.day_bytes, limits.month_bytes) == (0, 50_000_000, 1_000_000_000)
    assert limits.quiet_hours.spans == ((0, 360), (1320, 1440))

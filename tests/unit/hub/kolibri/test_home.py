"""Kolibri finds a home, a secret of this hub, and an environment that nothing leaks into."""

import dataclasses
import json
from pathlib import Path

import pytest

from content_packs.errors import ProcessDownError
from hub.kolibri.home import find_executable, prepare_home
from hub.settings import DoorSettings, HubPaths, HubSettings, KolibriSettings, PortalSettings


@pytest.fixture
def settings(tmp_path):
    program = tmp_path / "bin" / "kolibri"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    kolibri = KolibriSettings(command=str(program), port=0, zip_port=8091)
    return HubSettings("h-1", "/depot", kolibri=kolibri, portal=PortalSettings(name="Школа № 5"))


def test_secret_and_password_are_drawn_once_and_kept(tmp_path, settings):
    paths = HubPaths(tmp_path / "hub")
    prepare_home(paths, settings)
    before = {
        p: p.read_bytes() for p in (paths.kolibri / "secret/hub_kolibri.py", paths.kolibri / "superuser.json")
    }
    (paths.kolibri / "provision.json").unlink()
    prepare_home(paths, settings)
    assert {path: path.read_bytes() for path in before} == before
    assert {path.stat().st_mode & 0o777 for path in before} == {0o600}
    provision = json.loads((paths.kolibri / "provision.json").read_bytes())
    assert provision["superuser"] == json.loads((paths.kolibri / "superuser.json").read_bytes())
    assert provision["facility_settings"]["learner_can_login_with_no_password"] is False


def test_two_hubs_have_two_secrets(tmp_path, settings):
    secrets = set()
    for name in ("one", "two"):
        prepare_home(HubPaths(tmp_path / name), settings)
        secrets.add((tmp_path / name / "kolibri" / "secret" / "hub_kolibri.py").read_bytes())
    assert len(secrets) == 2


def test_state_that_a_power_cut_emptied_is_made_again(tmp_path, settings):
    paths = HubPaths(tmp_path / "hub")
    prepare_home(paths, settings)
    for name in ("secret/hub_kolibri.py", "superuser.json"):
        (paths.kolibri / name).write_bytes(b"")
    prepare_home(paths, settings)
    assert b"SECRET_KEY" in (paths.kolibri / "secret/hub_kolibri.py").read_bytes()
    assert json.loads((paths.kolibri / "superuser.json").read_bytes())["password"]


def test_environment_is_ours_alone(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("KOLIBRI_HOME", "/elsewhere")
    monkeypatch.setenv("KOLIBRI_RUN_MODE", "x")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    home = prepare_home(HubPaths(tmp_path / "hub"), settings)
    assert home.env["KOLIBRI_HOME"] == str(tmp_path / "hub" / "kolibri" / "home")
    assert home.env["PYTHONPATH"] == str(tmp_path / "hub" / "kolibri" / "secret")
    assert "KOLIBRI_RUN_MODE" not in home.env
    assert home.env["KOLIBRI_HTTP_PORT"] == str(home.port) != "0"
    assert home.zip_port == 8091


def test_executable_is_looked_for_beside_our_environment_then_on_path(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_executable("", prefix=tmp_path / ".venv") == Path(settings.kolibri.command)
    beside = tmp_path / ".venv-kolibri" / "bin" / "kolibri"
    beside.parent.mkdir(parents=True)
    beside.write_text("#!/bin/sh\n")
    beside.chmod(0o755)
    assert find_executable("", prefix=tmp_path / ".venv") == beside
    with pytest.raises(ProcessDownError, match="no /no/kolibri") as caught:
        find_executable("/no/kolibri")
    assert caught.value.hint == "Run `make kolibri`."


def test_behind_the_front_door_its_html5_resources_are_at_the_door_s_port(tmp_path, settings):
    behind = dataclasses.replace(settings, door=DoorSettings(enabled=True, port=8000))
    home = prepare_home(HubPaths(tmp_path / "hub"), behind)
    assert (home.host, home.env["KOLIBRI_ZIP_CONTENT_ORIGIN"]) == ("127.0.0.1", "8003")
    assert "KOLIBRI_ZIP_CONTENT_ORIGIN" not in prepare_home(HubPaths(tmp_path / "hub"), settings).env


def test_settings_of_an_earlier_hub_are_brought_up_to_date_with_its_own_secret(tmp_path, settings):
    module = tmp_path / "hub" / "kolibri" / "secret" / "hub_kolibri.py"
    module.parent.mkdir(parents=True)
    module.write_text("import os\nSECRET_KEY = 'of-this-hub'\nLANGUAGE_CODE = 'uk'\n")
    prepare_home(HubPaths(tmp_path / "hub"), settings)
    text = module.read_text()
    assert "SECRET_KEY = 'of-this-hub'\n" in text
    assert "CSP_FRAME_SRC" in text

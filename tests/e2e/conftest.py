"""One portal and one browser of each engine for all that is tried in them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.library import indexer
from hub.settings import HubPaths
from support.browser import ENGINES, Browser, Engine
from support.doors import Opened, front_door, write_door_settings
from support.kolibri import KOLIBRI
from support.school import stock_school
from support.serving import Served, serving, write_settings
from support.tab import SCHOOL_PC, Tab
from support.visitor import DEVICES, Visitor


@pytest.fixture(scope="session")
def hub_dir(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    """A hub with a shelf of everything, which the search has read."""
    folder = tmp_path_factory.mktemp("school")
    paths = HubPaths(folder / "hub")
    stock_school(paths, folder / "scratch")
    assert indexer.spawn(paths).wait(60) == 0
    return paths


@pytest.fixture(scope="session")
def served(hub_dir: HubPaths) -> Iterator[Served]:
    write_settings(hub_dir, f'[kolibri]\ncommand = "{KOLIBRI}"\nport = 0\nzip_port = 0\n')
    with serving(hub_dir) as running:
        yield running


@pytest.fixture(scope="session")
def door_dir(tmp_path_factory: pytest.TempPathFactory) -> HubPaths:
    """Such a hub behind a front door."""
    folder = tmp_path_factory.mktemp("door")
    paths = HubPaths(folder / "hub")
    write_door_settings(paths)
    stock_school(paths, folder / "scratch")
    assert indexer.spawn(paths).wait(60) == 0
    return paths


@pytest.fixture(scope="session")
def door(door_dir: HubPaths) -> Iterator[Opened]:
    """The front door, with nginx."""
    with serving(door_dir), front_door(door_dir) as opened:
        yield opened


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture(scope="session")
def browser(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(engine, tmp_path_factory.mktemp(engine.name)) as running:
        yield running


@pytest.fixture
def tab(browser: Browser) -> Tab:
    """A tab that remembers nothing, on the screen of a school PC, a quick line and a quick processor."""
    tab = browser.tab()
    tab.allow_scripts(True)
    tab.set_line()
    tab.keep_pages(True)
    tab.paint()
    tab.show(SCHOOL_PC)
    tab.open("about:blank")
    tab.be_new()
    return tab


@pytest.fixture
def visitor(tab: Tab, served: Served, engine: Engine) -> Visitor:
    """A learner with a phone who reads Ukrainian."""
    visitor = Visitor(tab, served, engine)
    visitor.arrive()
    return visitor


@pytest.fixture(params=[f"{device}-{language}" for device in DEVICES for language in ("uk", "en")])
def learner(request: pytest.FixtureRequest, tab: Tab, served: Served, engine: Engine) -> Visitor:
    """A learner on each device, in each of the two first languages."""
    device, language = request.param.split("-")
    learner = Visitor(tab, served, engine, DEVICES[device], language)
    learner.arrive()
    return learner


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    return tmp_path / "scratch"

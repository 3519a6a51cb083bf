import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient

from hub.jobs import jobs_dir
from hub.settings import HubPaths
from hub.sticks import FILE, Stick, to_text
from support.accounts import sign_in_as


@pytest.fixture
def technician(portal: FlaskClient, paths: HubPaths) -> FlaskClient:
    """The portal's browser, signed in as the technician."""
    sign_in_as(portal, paths)
    return portal


@pytest.fixture
def plug_in(paths: HubPaths) -> Callable[..., None]:
    """Let these sticks be in the hub."""

    def plug(*sticks: Stick) -> None:
        paths.run.mkdir(parents=True, exist_ok=True)
        (paths.run / FILE).write_bytes(to_text(sticks))

    return plug


@pytest.fixture
def end_job(paths: HubPaths) -> Callable[..., str]:
    """Write down what the runner says of a job; return its id."""

    def end(job_id: str, state: str, **said: Any) -> str:
        values: Mapping[str, Any] = {"asked_at": "2026-11-28T08:00:00+00:00", "values": {}, **said}
        jobs_dir(paths).mkdir(parents=True, exist_ok=True)
        (jobs_dir(paths) / f"{job_id}.json").write_text(json.dumps({"format": 1, "state": state, **values}))
        return job_id

    return end

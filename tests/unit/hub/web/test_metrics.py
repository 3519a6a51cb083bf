import io
from contextlib import closing
from datetime import UTC, datetime

import pytest
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

from hub.db import open_db
from hub.history import KEPT_RUNS, record_run
from hub.web.openmetrics import Family, Sample, gauge, render
from support.shelves import HOSTILE_TITLE, put_lesson, stock


def parse(text):
    return {family.name: family for family in text_fd_to_metric_families(io.StringIO(text))}


def read(portal):
    answer = portal.get("/metrics")
    assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.endswith("\n# EOF\n")
    return parse(answer.text)


def value(families, name, **labels):
    (found,) = [s.value for s in families[name].samples if s.labels == labels]
    return found


def run(db, failure=None):
    moment = datetime(2026, 11, 23, 12, tzinfo=UTC)
    record_run(
        db,
        started_at=moment,
        finished_at=moment,
        source="sftp://hub-7@depot.example/tree",
        received_bytes=7000,
        installed=(),
        failure=failure,
    )


def test_tells_how_the_hub_is(portal, paths, scratch):
    stock(paths, scratch)
    families = read(portal)
    assert all(name == "hub" or name.startswith("hub_") for name in families)
    (who,) = families["hub"].samples
    assert who.labels["hub_id"] == "h-test01"
    assert value(families, "hub_packs", kind="web") == 7
    assert value(families, "hub_disk_free_bytes") > 0
    assert families["hub_disk_free_bytes"].unit == "bytes"
    assert value(families, "hub_uptime_seconds") > 0
    assert value(families, "hub_search_unread_packs") == 8
    assert value(families, "hub_outbox_events") == 0
    assert value(families, "hub_service_up", service="portal") == 0
    assert value(families, "hub_check_level", check="disk") == 0


def test_counts_syncs_that_are_forgotten_too(portal, paths, scratch):
    put_lesson(paths, scratch)
    with closing(open_db(paths.db)) as db:
        for _ in range(KEPT_RUNS + 5):
            run(db)
        run(db, failure=KeyboardInterrupt())
    families = read(portal)
    assert families["hub_sync_runs"].type == "counter"
    (runs,) = families["hub_sync_runs"].samples
    assert (runs.name, runs.value) == ("hub_sync_runs_total", KEPT_RUNS + 6)
    assert value(families, "hub_sync_ok") == 0
    assert value(families, "hub_sync_success_timestamp_seconds") == 1_795_435_200
    assert value(families, "hub_sync_received_bytes") == 7000


def test_says_nothing_of_the_depot(portal, paths):
    paths.dir.mkdir(parents=True)
    with closing(open_db(paths.db)) as db:
        run(db, failure=KeyboardInterrupt())
    assert "depot.example" not in portal.get("/metrics").text


def test_a_damaged_database_is_a_number_too(portal, paths):
    paths.dir.mkdir(parents=True)
    paths.db.write_bytes(b"this is no database" * 100)
    assert value(read(portal), "hub_level") == 3


@pytest.mark.parametrize(
    ("said", "now", "since"), [("50005", [1, 0, 1, 0], [1, 0, 1, 0]), ("0", [0] * 4, [0] * 4)]
)
def test_a_raspberry_pi_tells_of_its_power(portal, paths, tmp_path, monkeypatch, said, now, since):
    paths.dir.mkdir(parents=True)
    for name, text in (("_THROTTLED", said), ("_TEMPERATURE", "48312")):
        (tmp_path / name).write_text(text + "\n")
        monkeypatch.setattr(f"hub.machine.{name}", tmp_path / name)
    families = read(portal)
    assert value(families, "hub_temperature_celsius") == 48.312
    assert [sample.value for sample in families["hub_power"].samples] == now
    assert [sample.value for sample in families["hub_power_since_boot"].samples] == since


def test_another_machine_tells_nothing_of_its_power(portal, paths, tmp_path, monkeypatch):
    paths.dir.mkdir(parents=True)
    for text in (None, "what?"):
        monkeypatch.setattr("hub.machine._THROTTLED", tmp_path / "throttled")
        if text:
            (tmp_path / "throttled").write_text(text)
        assert "hub_power" not in read(portal)


def test_labels_hold_any_text():
    text = 'a"b\\c\nd' + HOSTILE_TITLE
    families = parse(render([Family("hub", text, (Sample(1, {"name": text}),), type="info")]))
    assert families["hub"].samples[0].labels == {"name": text}


def test_a_family_without_numbers_is_left_out():
    assert render([Family("hub_none", "Nothing.", ())]) == "# EOF\n"
    assert (
        parse(render([gauge("hub_x_bytes", "X.", 1.5, unit="bytes")]))["hub_x_bytes"].samples[0].value == 1.5
    )

import pytest
from click.testing import CliRunner

from content_packs.errors import LocalError
from provisioning.central.audit import list_entries, record
from provisioning.central.cli import cli
from provisioning.central.fleet import open_fleet
from support.office import NOW, OfficeAtWork


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    work = OfficeAtWork.found(tmp_path_factory.mktemp("audit") / "office")
    work.enrol()
    work.publish(work.build("maths", 1))
    return work


def said(office):
    return [(entry.who.partition(":")[0], entry.action, dict(entry.detail)) for entry in list_entries(office)]


def test_lines_come_newest_first_page_by_page(tmp_path):
    office = OfficeAtWork.found(tmp_path / "office").office
    assert list_entries(office) == ()
    for number in range(5):
        record(office, "olena", "assign", {"number": number, "text": "x" * 9999, "packs": ["a", 1]}, NOW)
    first = list_entries(office, limit=2)
    assert [entry.detail["number"] for entry in first] == [4, 3]
    assert [entry.detail["number"] for entry in list_entries(office, before=first[-1].id)] == [2, 1, 0]
    assert len(first[0].detail["text"]) == 500 and first[0].detail["packs"] == ["a", 1]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("assign maths --ring all --dry-run", None),
        ("assign maths --ring all", ("cli", "assign", {"spec": "maths", "ring": "all", "when_full": "wait"})),
        ("assign nothing --ring all", None),
        ("enrol --pending", None),
        ("ingest", None),
        ("packs", None),
        ("notes h-1", None),
        ("notes h-1 --add слово --dry-run", None),
        ("notes h-1 --add слово", ("cli", "notes", {"hub_id": "h-1", "text": "слово"})),
        ("revoke h-1", ("cli", "revoke", {"hub_id": "h-1"})),
        (
            "people add petro --role viewer --link",
            ("cli", "people add", {"name": "petro", "role": "viewer", "by_link": True}),
        ),
    ],
)
def test_a_command_that_changed_something_is_noted(work, tmp_path, command, expected):
    office = work.copy(tmp_path / "office").office
    CliRunner().invoke(cli, ["--dir", str(office.dir), *command.split()])
    assert said(office) == ([expected] if expected else [])


def test_what_was_done_and_cannot_be_noted_is_said_to_be_done(work, tmp_path):
    office = work.copy(tmp_path / "office").office
    office.people_db.unlink(missing_ok=True)
    office.people_db.mkdir()
    refused = CliRunner().invoke(cli, ["--dir", str(office.dir), "revoke", "h-1"]).exception
    assert isinstance(refused, LocalError)
    assert refused.message.startswith("revoke: this was done, but is not noted")
    assert "need not be run again" in refused.hint
    with open_fleet(office.fleet_db) as fleet:
        assert [hub.revoked_at is None for hub in fleet.list_hubs()] == [False]

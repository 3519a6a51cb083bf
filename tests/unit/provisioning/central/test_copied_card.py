"""Two machines that report as one hub: the office is told at once, and what to do about it."""

import sys

import pytest

from provisioning.central.cli import main
from support.office import HUB, OfficeAtWork, new_key
from support.reporting import Reporting


@pytest.fixture
def reporting(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.enrol(HUB)
    reporting = Reporting(work.office, tmp_path / "hub")
    for boot in ("aaaa", "bbbb", "aaaa"):
        reporting.tell(boot, boot_id=boot)
    reporting.seal()
    reporting.send()
    return reporting


@pytest.fixture
def central(reporting, monkeypatch, capsys):
    """Run `central`; return what a person reads on stdout and stderr."""
    monkeypatch.setenv("CENTRAL_DIR", str(reporting.office.dir))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["central", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert ended.value.code == 0, err
        return out, err

    return run


def test_ingest_says_so_at_once_and_what_to_do(central):
    out, err = central("ingest")
    assert "3 new events in 1 report" in out
    assert f"warning: {HUB}: its card was copied" in err
    assert f"next: `central replace {HUB} " in err


def test_fleet_says_so_on_top_of_the_hub_until_it_is_replaced(central, tmp_path):
    central("ingest")
    assert "! copied-card" in central("fleet")[0]
    assert "central replace" in central("alerts")[0]
    key = tmp_path / "new.pub"
    key.write_text(new_key())
    central("replace", HUB, "-o", tmp_path / "hub-config.txt", "--depot", tmp_path)
    assert "copied-card" not in central("fleet")[0]
    central("enrol", HUB, key, "--school", "Школа 1")
    assert "copied-card" not in central("fleet")[0]

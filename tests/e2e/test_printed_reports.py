"""The report of a month on paper: `central report --html`, printed by a browser, of few schools and many."""

import io
import re
import subprocess
from dataclasses import replace

import pytest
from pypdf import PdfReader

from provisioning.central.fleet import open_fleet
from provisioning.central.release import change
from support.fleet_of import FleetOf
from support.road import BIN
from support.visitor import BUILD

A4 = (595.3, 841.9)  # points
WIDTH = 680  # CSS px between the margins
LONG = "Опорний заклад загальної середньої освіти імені Лесі Українки з дошкільним підрозділом та філіями "
HEAD = "Днів на зв’язку"


@pytest.fixture(scope="module", params=["few", "many", "long"])
def office(request, tmp_path_factory):
    """An office of 3 schools, of 20, and of 20 whose names have 120 characters."""
    kind = request.param
    made = FleetOf.found(tmp_path_factory.mktemp(kind), 3 if kind == "few" else 20, contacts=3)
    if kind == "long":

        def rename(fleet):
            for number, hub in enumerate(fleet.list_hubs()):
                fleet.save_hub(
                    replace(hub, school=f"{LONG}{number:02} міста Рахова Закарпатської області"[:120])
                )

        change(made.work.office, rename, doing="test", now=made.now)
    return kind, made


def plain(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("engine", ["chromium"], indirect=True)
def test_a_month_is_printed(tab, tmp_path, office):
    kind, fleet = office
    file = tmp_path / "report.html"
    month = f"{fleet.now:%Y-%m}"
    subprocess.run(
        [BIN / "central", "--dir", fleet.work.office.dir, "report", month, "--html", file], check=True
    )
    tab.open(file.as_uri())
    tab.paint("print")
    tab.show((WIDTH, 960))
    assert tab.value("document.documentElement.scrollWidth") == WIDTH, "nothing is cut at the right"
    tab.paint()
    pdf = tab.print_to_pdf()
    folder = BUILD / "print"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"report-{kind}.pdf").write_bytes(pdf)

    pages = PdfReader(io.BytesIO(pdf)).pages
    assert all(abs(page.mediabox[2 + side] - A4[side]) < 1 for page in pages for side in (0, 1))
    texts = [plain(page.extract_text()) for page in pages]
    with open_fleet(fleet.work.office.fleet_db) as known:
        hubs = known.list_hubs()
    summary, own = texts[: -len(hubs)], texts[-len(hubs) :]
    assert len(summary) == (3 if kind == "long" else 1)
    assert all(plain(HEAD) in text for text in summary), "the table has its heads again"
    for hub in hubs:
        assert any(plain(hub.school) in text for text in summary), f"{hub.school}: its row is cut"
        [page] = [text for text in own if hub.hub_id in text]
        assert plain(hub.school) in page
    assert all("Звітзамісяць" in text for text in (texts[0], *own))
    assert all(f"{number}/{len(texts)}" in text for number, text in enumerate(texts, 1))

from dataclasses import replace

from support.technicians import STICK


def test_a_backup_goes_to_a_stick_and_comes_from_it(technician, plug_in, end_job):
    technician.set_cookie("language", "en")
    plug_in(STICK)
    page = technician.get("/tech/backup").text
    assert "none that this hub remembers" in page
    assert "/tech/do/backup?stick=sda1" in page
    assert "/tech/do/restore?stick=sda1&amp;file=hub-2026.backup" in page
    assert "Ліцей села Кваси" in page
    job_id = end_job("000004-backup", "done")
    assert f'href="/tech/jobs/{job_id}"' in technician.get("/tech/backup").text


def test_a_sealed_backup_asks_for_its_code(technician, plug_in):
    plug_in(STICK)
    restore = "/tech/do/restore?stick=sda1&file=hub-2026.backup"
    assert 'name="password"' in technician.get(restore).text
    plug_in(replace(STICK, backups=(replace(STICK.backups[0], is_sealed=False),)))
    assert 'name="password"' not in technician.get(restore).text


def test_a_stick_that_cannot_be_written_takes_none(technician, plug_in):
    plug_in(replace(STICK, is_writable=False))
    assert "/tech/do/backup" not in technician.get("/tech/backup").text

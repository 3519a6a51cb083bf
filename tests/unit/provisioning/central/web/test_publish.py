import io
import re
import stat
import zipfile
from pathlib import Path

import pytest

import content_packs
from content_packs.errors import Error
from content_packs.kinds import KINDS
from provisioning.central import unpack_upload as unpacking
from provisioning.central import upload_work
from provisioning.central.audit import list_entries
from provisioning.central.fleet import open_fleet
from provisioning.central.unpack_upload import unpack_upload
from provisioning.central.uploads import list_uploads, read_state
from provisioning.central.web import publish
from provisioning.central.web.upload_words import FINDINGS
from support.sources import write_source
from support.waiting import wait_for


def zip_of(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return out.getvalue()


def zip_with(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def link_entry(name):
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def cp866_zip():
    """A zip as Windows makes it: names in the code page of DOS, and no word of that."""
    data = zip_with(("pack.toml", b"x"), ("Ctrl.html", b"page"))
    return data.replace(b"Ctrl.html", "Урок.html".encode("cp866"))


HOSTILE = {
    "no zip": b"PK\3\4 this is none",
    "a path out": zip_with(("pack.toml", b"x"), ("../outside.txt", b"x")),
    "an absolute path": zip_with(("/etc/passwd", b"x"), ("pack.toml", b"x")),
    "a path of Windows": zip_with(("..\\outside.txt", b"x"), ("pack.toml", b"x")),
    "a link": zip_with(("pack.toml", b"x"), (link_entry("link"), "/etc/passwd")),
    "a bomb": zip_with(("pack.toml", b"x"), ("bomb", b"\0" * 60_000_000)),
    "a file that is a folder": zip_with(("pack.toml", b"x"), ("a", b"x"), ("a/b", b"x")),
    "no pack": zip_with(("readme.txt", b"x")),
    "twice": zip_with(("pack.toml", b"x"), ("x/../pack.toml", b"y")),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_is_refused_and_nothing_lands_outside(tmp_path, name):
    (tmp_path / "in").mkdir()
    archive = tmp_path / "in" / "upload.zip"
    archive.write_bytes(HOSTILE[name])
    with pytest.raises(Error):
        unpack_upload(archive, tmp_path / "in" / "unpacked")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert {path.name for path in (tmp_path / "in").iterdir()} <= {"upload.zip", "unpacked"}


def test_a_zip_that_the_disk_cannot_hold_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    (tmp_path / "upload.zip").write_bytes(zip_with(("pack.toml", b"x")))
    monkeypatch.setattr(unpacking, "RESERVE_BYTES", 2**62)
    with pytest.raises(Error, match="to spare"):
        unpack_upload(tmp_path / "upload.zip", tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_cyrillic_names_of_windows_are_read_as_they_were_meant(tmp_path):
    (tmp_path / "upload.zip").write_bytes(cp866_zip())
    assert (
        unpack_upload(tmp_path / "upload.zip", tmp_path / "unpacked") / "Урок.html"
    ).read_bytes() == b"page"


def send(browser, data, name="lesson.zip"):
    return browser.post("/publish", {"pack": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def state_of(browser):
    from provisioning.central.web.dashboard import datetime as clock

    [state] = list_uploads(browser.office, now=clock.now().astimezone())
    return state


def settled(browser):
    """Wait for the process that works on the only upload."""
    wait_for(lambda: not state_of(browser).is_running, timeout_s=60)
    return state_of(browser)


def test_a_source_is_sent_looked_through_published_and_noted(as_role, tmp_path):
    browser = as_role("publisher")
    sent = send(browser, zip_of(write_source(tmp_path / "lesson", id="chemistry", title="Хімія")))
    assert sent.status_code == 303
    state = settled(browser)
    assert (state.phase, state.kind, state.pack["id"], state.findings) == (
        "checked",
        "source",
        "chemistry",
        (),
    )
    page = browser.get(sent.location)
    assert "Хімія" in page.text
    assert browser.post(sent.location).status_code == 303
    assert settled(browser).published == ("chemistry@1",), state_of(browser)
    wait_for(lambda: not list(browser.office.uploads.glob("*/unpacked")), timeout_s=60)
    with open_fleet(browser.office.fleet_db) as fleet:
        assert "chemistry@1" in [pack.name for pack in fleet.list_packs()]
    assert [(entry.who, entry.action) for entry in list_entries(browser.office)] == [
        ("p-person", "publish"),
        ("p-person", "upload"),
    ]
    assert browser.post(f"{sent.location}/discard").status_code == 303
    assert list(browser.office.uploads.iterdir()) == []


@pytest.fixture
def at_once(monkeypatch):
    """Do the work here and now instead of in a process of its own, which takes a second to start."""

    def start(folder, task, *more, passphrase=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(passphrase + "\n"))
        assert upload_work.main([str(folder.parents[1]), folder.name, task, *more]) == 0

    monkeypatch.setattr(publish, "_start", start)


@pytest.mark.usefixtures("at_once")
def test_faults_are_shown_and_cannot_be_published(as_role, tmp_path):
    browser = as_role("publisher")
    source = write_source(tmp_path / "lesson", {"index.html": b"<a href='gone.html'>x</a>"}, title="")
    sent = send(browser, zip_of(source))
    state = settled(browser)
    assert state.has_errors
    page = browser.get(sent.location).text
    assert "gone.html" in page
    assert browser.post(sent.location).status_code == 422


@pytest.mark.usefixtures("at_once")
def test_a_built_pack_is_published_as_it_is_and_again_is_fine(as_role, work):
    browser = as_role("publisher")
    built = work.build("history", 2)
    sent = send(browser, zip_of(built.folder))
    assert settled(browser).kind == "built"
    browser.post(sent.location)
    assert settled(browser).published == ("history@2",)


@pytest.mark.usefixtures("at_once")
def test_what_is_no_pack_says_so(as_role):
    browser = as_role("publisher")
    sent = send(browser, b"hello")
    assert settled(browser).phase == "failed"
    assert "zip" in browser.get(sent.location).text


@pytest.mark.usefixtures("at_once")
def test_another_command_that_is_at_it_is_said_and_the_upload_stays(as_role, work, monkeypatch):
    from content_packs.durable import locked

    monkeypatch.setattr("provisioning.central.office.PATIENCE_S", 0)
    browser = as_role("publisher")
    sent = send(browser, zip_of(work.build("history", 2).folder))
    settled(browser)
    with locked(work.office.lock, doing="test"):
        browser.post(sent.location)
        assert settled(browser).phase == "failed"
    assert state_of(browser).is_ready
    browser.post(sent.location)
    assert settled(browser).phase == "done"


@pytest.mark.usefixtures("at_once")
def test_without_the_key_it_is_said_before_anything_is_built(as_role, work):
    browser = as_role("publisher")
    (work.office.keys / "offline/packs.pem").unlink()
    sent = send(browser, zip_of(work.build("history", 2).folder))
    settled(browser)
    assert "packs.pem" in browser.get(sent.location).text
    browser.post(sent.location)
    assert settled(browser).phase == "failed"


@pytest.mark.usefixtures("at_once")
def test_a_locked_key_needs_its_passphrase_which_is_kept_nowhere(as_role, work):
    browser, passphrase = as_role("publisher"), "five words that nobody knows"
    work.office.open_keys().lock("packs", passphrase)
    sent = send(browser, zip_of(work.build("history", 2).folder))
    assert 'name="passphrase"' in browser.get(sent.location).text
    for given, phase in (("", "failed"), ("something else altogether", "failed"), (passphrase, "done")):
        browser.post(sent.location, {"passphrase": given})
        assert settled(browser).phase == phase
    assert browser.post("/packs/history/2/withdraw", {"passphrase": "wrong"}).status_code == 500
    assert browser.post("/packs/history/2/withdraw", {"passphrase": passphrase}).status_code == 303
    kept = [
        path
        for path in work.office.dir.rglob("*")
        if path.is_file() and passphrase.encode() in path.read_bytes()
    ]
    assert kept == []


@pytest.mark.usefixtures("at_once")
def test_a_pack_may_go_out_in_stages_from_the_start(as_role, work):
    browser = as_role("publisher")
    sent = send(browser, zip_of(work.build("history", 2).folder))
    assert browser.post(sent.location, {"stages": "pilot:99%,,"}).status_code == 422
    browser.post(sent.location, {"stages": "pilot,all"})
    assert settled(browser).phase == "done"
    assert "/packs/history/rollout" in browser.get(sent.location).text
    assert "history@2" in browser.get("/rollouts/1").text


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("publisher", 413)])
def test_who_may_not_send_and_what_is_too_large_are_refused_unread(as_role, monkeypatch, role, status):
    from provisioning.central.web import signin

    monkeypatch.setitem(signin.LARGE_FORMS, "publish.upload", ("publisher", 2000))
    browser = as_role(role)
    assert send(browser, b"x" * 5000).status_code == status
    assert not browser.office.uploads.exists() or list(browser.office.uploads.iterdir()) == []


@pytest.mark.parametrize(
    "upload_id", ["..", "20260101000000-00000000", "%2e%2e%2fkeys", "20260101000000-0000000g"]
)
def test_an_address_that_is_no_upload_is_no_page(as_role, upload_id):
    assert as_role("publisher").get(f"/publish/{upload_id}").status_code == 404


def test_work_that_was_cut_short_is_told(as_role, work, tmp_path):
    from dataclasses import replace
    from datetime import timedelta

    from provisioning.central.uploads import UploadState, new_upload, write_state

    folder = new_upload(work.office, now=work.now)
    state = UploadState(folder.name, "olena", "a.zip", 1, "", "publishing")
    write_state(folder, replace(state), now=work.now)
    assert read_state(folder, now=work.now).is_running
    assert read_state(folder, now=work.now + timedelta(minutes=1)).phase == "failed"


@pytest.mark.usefixtures("at_once")
def test_faults_and_failures_are_said_in_ukrainian_with_the_english_detail_below(as_role, work, tmp_path):
    browser = as_role("publisher")

    def page(data):
        return browser.get(send(browser, data).location, headers={"Accept-Language": "uk"}).text

    write_source(tmp_path / "bad", {"index.html": b"<title>x</title><a href=gone.html>x</a>"}, id="bad")
    text = page(zip_of(tmp_path / "bad"))
    assert "Посилання нікуди не веде" in text
    assert "does not exist" in text[text.index("Посилання нікуди не веде") :]
    assert "Архів zip пошкоджений" in page(b"hello")
    sent = send(browser, zip_of(work.build("maths", 2, "other words").folder))
    browser.post(sent.location)
    text = browser.get(sent.location, headers={"Accept-Language": "uk"}).text
    assert "Цю версію не можна опублікувати" in text
    assert "published with other bytes" in text


def test_every_finding_of_the_checker_has_words():
    made = "".join(path.read_text() for path in Path(content_packs.__file__).parent.rglob("*.py"))
    codes = {*re.findall(r'code(?:: str = |=)"([a-z0-9-]+)"', made), *KINDS}  # `code = "…"` are errors
    codes |= {*re.findall(r'"([a-z]+-link)"', made)}
    assert codes == {*FINDINGS}

"""A backup brings back what nobody can make again, onto a new card too; and never half of it."""

import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backports import zstd

from content_packs.errors import BadDataError, DiskFullError, Error, UsageError
from hub.backup import restore as restoring
from hub.backup.contents import may_restore
from hub.backup.make import make_backup
from hub.backup.restore import check_backup, finish, peek, stage
from hub.backup.seal import MAGIC
from hub.school import CentralConfig, read_config, write_config
from hub.school.root import pack_root
from hub.settings import HubPaths, read_settings
from support.disks import small_disk
from support.school_config import make_school, office_part

NOW = datetime(2026, 11, 28, 19, 30, tzinfo=UTC)
CODE = "K7RM-4XQ9"
TOML = 'hub_id = "h-test"\ndepot_url = "/depot"\n[portal]\nname = "Школа 7"\n'
KEPT = {
    "hub.toml": TOML,
    "keys/id_ed25519": "private",
    "keys/id_ed25519.pub": "public",
    "trust/hub-root.json": "{}",
    "outbox/journal": "line\n",
    "outbox/segments/20261128193000-0123456789abcdef.1-2." + "a" * 64 + "." + "b" * 32: "sealed",
    "kolibri/superuser.json": "{}",
    "kolibri/secret/hub_kolibri.py": "SECRET_KEY = 'x'\n",
}
NOT_KEPT = {
    "packs/maths/1/files/index.html": "<p>",
    "search.db": "index",
    "outbox/state": "numbers",
    "run/portal.json": "{}",
    "kolibri/home/logs/kolibri.txt": "names of learners",
    "jobs/asked/000001-wifi.json": "secret",
}
DATABASES = (
    "hub.db",
    "accounts.db",
    "kolibri/home/db.sqlite3",
    "kolibri/home/sessions.sqlite3",
)


def fill(path: Path, rows: int) -> None:
    """Make a database as the hub's processes have them: WAL, with changes that are in no file yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table if not exists t (n)")
        db.execute("delete from t")
        db.executemany("insert into t values (?)", [(n,) for n in range(rows)])


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("select count(*) from t").fetchone()[0])


@pytest.fixture
def paths(tmp_path) -> HubPaths:
    hub = tmp_path / "hub"
    for name, text in {**KEPT, **NOT_KEPT}.items():
        (hub / name).parent.mkdir(parents=True, exist_ok=True)
        (hub / name).write_text(text)
    for name in DATABASES:
        fill(hub / name, 100)
    return HubPaths(hub)


@pytest.fixture
def card(tmp_path) -> Path:
    card = tmp_path / "card"
    (card / "ssh").mkdir(parents=True)
    (card / "school.toml").write_text("version = 1\n")
    (card / "ssh" / "ssh_host_ed25519_key").write_text("host key")
    (card / "machine-id").write_text("0123")
    return card


def make(paths, target: Path, **more) -> Path:
    make_backup(paths, read_settings(paths), target, now=NOW, **more)
    return target


@pytest.mark.parametrize("code", ["", CODE])
def test_a_new_card_has_everything_that_was_there(paths, card, tmp_path, code):
    with closing(sqlite3.connect(paths.db)) as writer:
        writer.execute("insert into t values (1)")  # not committed: it never was
        backup = make(paths, tmp_path / "b.hubbackup", code=code, card_dir=card)
    new, new_card = HubPaths(tmp_path / "new"), tmp_path / "new-card"
    new.dir.mkdir()
    new_card.mkdir()

    found = stage(backup, new, code=code.lower().replace("-", " "), card_dir=new_card)
    finish(new, card_dir=new_card)

    assert (found.header.hub_id, found.header.school) == ("h-test", "Школа 7")
    assert {name: (new.dir / name).read_text() for name in KEPT} == KEPT
    assert [count(new.dir / name) for name in DATABASES[:3]] == [100, 100, 100]
    assert not (new.dir / DATABASES[3]).exists()
    assert not [name for name in NOT_KEPT if (new.dir / name).exists()]
    assert (new_card / "ssh/ssh_host_ed25519_key").read_text() == "host key"
    assert not (new_card / "machine-id").exists(), "a card keeps its own"
    assert (new.dir / "keys/id_ed25519").stat().st_mode & 0o777 == 0o600
    assert not (new_card / "restore").exists()


@pytest.mark.parametrize("own", ["none", "same", "other"])
def test_no_backup_brings_another_office_onto_a_card_that_has_one(paths, card, tmp_path, own):
    """Whoever took the portal over can write a backup to a stick, and ask for it to be restored."""
    coming = office_part("h-test")
    (card / "school.toml").write_text(write_config(make_school(central=coming)))
    backup = make(paths, tmp_path / "b.hubbackup", card_dir=card)
    central = {"none": CentralConfig(), "same": coming, "other": replace(coming, root=pack_root(b"{}"))}[own]
    (card / "school.toml").write_text(write_config(make_school(school_name="Ліцей", central=central)))

    stage(backup, paths, card_dir=card)
    finish(paths, card_dir=card)

    config = read_config((card / "school.toml").read_bytes()).config
    assert config == make_school(central=CentralConfig() if own == "other" else coming)


def test_over_a_hub_it_replaces_what_is_there_and_leaves_packs(paths, tmp_path):
    backup = make(paths, tmp_path / "b.hubbackup")
    fill(paths.db, 7)
    paths.settings.write_text(TOML.replace("h-test", "h-other"))
    with closing(sqlite3.connect(paths.db)) as reader:  # keeps the sidecars of the database that goes
        reader.execute("select * from t").fetchone()
        stage(backup, paths)
        finish(paths)

    assert count(paths.db) == 100
    assert "h-test" in paths.settings.read_text()
    assert (paths.packs / "maths/1/files/index.html").is_file()
    assert not (paths.outbox / "state").exists(), "a new stream begins"


@pytest.mark.parametrize("moves", range(0, 12, 3))
def test_cut_in_the_middle_it_is_gone_on_with(paths, tmp_path, monkeypatch, moves):
    backup = make(paths, tmp_path / "b.hubbackup")
    new = HubPaths(tmp_path / "new")
    new.dir.mkdir()
    stage(backup, new)
    real, left = restoring._move, iter(range(moves))

    def cut(*given):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(restoring, "_move", cut)
    with pytest.raises(KeyboardInterrupt):
        finish(new)
    monkeypatch.setattr(restoring, "_move", real)

    finish(new)

    assert {name: (new.dir / name).read_text() for name in KEPT} == KEPT
    assert finish(new) == 0


def test_cut_before_it_was_whole_nothing_has_begun(paths, tmp_path):
    new = HubPaths(tmp_path / "new")
    (new.dir / ".restore/new/hub").mkdir(parents=True)
    (new.dir / ".restore/new/hub/hub.toml").write_text("half")

    assert finish(new) == 0

    assert list(new.dir.iterdir()) == []


@pytest.mark.parametrize("code", ["", CODE])
def test_every_cut_and_every_changed_byte_is_found(paths, tmp_path, code):
    backup = make(paths, tmp_path / "b.hubbackup", code=code)
    whole = backup.read_bytes()
    begin = whole.index(b"\n", len(MAGIC)) + 1
    places = range(begin, len(whole), max(1, (len(whole) - begin) // 5))
    bad = [whole[:place] for place in places] + [whole + b"x"]
    bad += [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    before = sorted(paths.dir.rglob("*"))

    for data in bad:
        backup.write_bytes(data)
        with pytest.raises(Error) as caught:
            stage(backup, paths, code=code)
        assert isinstance(caught.value, BadDataError | UsageError), caught.value
    assert sorted(paths.dir.rglob("*")) == before


def test_sealed_it_shows_nothing_but_whose_it_is(paths, tmp_path):
    backup = make(paths, tmp_path / "b.hubbackup", code=CODE)

    assert peek(backup).is_sealed
    assert b"SECRET_KEY" not in backup.read_bytes()
    assert backup.stat().st_mode & 0o777 == 0o600
    for code in ("", "K7RM4XQ8"):
        with pytest.raises(UsageError, match=r"sealed|does not fit"):
            check_backup(backup, paths, code=code)


def test_a_check_changes_nothing(paths, tmp_path):
    backup = make(paths, tmp_path / "b.hubbackup")
    before = {path: path.stat().st_mtime_ns for path in paths.dir.rglob("*") if path.is_file()}

    found = check_backup(backup, paths)

    assert "hub/hub.toml" in found.files
    assert {path: path.stat().st_mtime_ns for path in paths.dir.rglob("*") if path.is_file()} == before


def test_a_short_code_is_refused(paths, tmp_path):
    with pytest.raises(UsageError, match="expected 8"):
        make(paths, tmp_path / "b.hubbackup", code="a-b-c")


def test_a_full_stick_keeps_the_backup_before(paths, tmp_path):
    with small_disk(tmp_path / "stick", size_kb=16) as stick:
        (stick / "b.hubbackup").write_text("before")
        with pytest.raises(DiskFullError, match="bytes"):
            make(paths, stick / "b.hubbackup")
        assert [path.name for path in stick.iterdir()] == ["b.hubbackup"]
        assert (stick / "b.hubbackup").read_text() == "before"


def forged(tmp_path: Path, name: str, *, kind: bytes = tarfile.REGTYPE, data: bytes = b"x") -> Path:
    """Make a backup as we would not: with one member of this name."""
    import hashlib
    import io

    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for member, content in (
            ("MANIFEST.json", json.dumps({"format": 1, "files": listed}).encode()),
            (name, data),
        ):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            if member == name:
                info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info, io.BytesIO(content))
    header = {
        "hub_id": "h",
        "school": "s",
        "taken_at": "2026-11-28T19:30:00+00:00",
        "software": "0",
        "salt": "",
    }
    path = tmp_path / "forged.hubbackup"
    path.write_bytes(MAGIC + json.dumps(header).encode() + b"\n" + zstd.compress(out.getvalue()))
    return path


@pytest.mark.parametrize(
    "name",
    [
        "hub/../../etc/passwd",
        "/etc/passwd",
        "hub/packs/maths/current",
        "hub/jobs/asked/000001-restart.json",
        "card/school.toml",
        "hub/keys/.hidden",
        "hub/keys/a/b",
        "hub/kolibri/home/sessions.sqlite3",
    ],
)
def test_nothing_is_written_where_no_backup_writes(paths, tmp_path, name):
    new = HubPaths(tmp_path / "new")
    new.dir.mkdir()

    found = stage(forged(tmp_path, name), new)
    finish(new)

    assert (found.files, found.left_out) == ((), (name,))
    assert list(new.dir.iterdir()) == []
    assert not may_restore(name, to_card=False)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_what_is_no_file_is_refused(tmp_path, kind):
    new = HubPaths(tmp_path / "new")
    new.dir.mkdir()

    with pytest.raises(BadDataError):
        stage(forged(tmp_path, "hub/hub.toml", kind=kind), new)

    assert list(new.dir.iterdir()) == []


def test_below_a_folder_that_is_a_link_nothing_is_written(paths, tmp_path):
    backup = make(paths, tmp_path / "b.hubbackup")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(paths.dir / "keys")
    (paths.dir / "keys").symlink_to(elsewhere)

    stage(backup, paths)
    with pytest.raises(Error):
        finish(paths)

    assert list(elsewhere.iterdir()) == []


def test_a_damaged_database_is_not_brought_back(paths, tmp_path):
    new = HubPaths(tmp_path / "new")
    new.dir.mkdir()

    with pytest.raises(BadDataError, match=r"hub/hub\.db"):
        stage(forged(tmp_path, "hub/hub.db", data=b"SQLite format 3\0" + bytes(4000)), new)


def test_what_signs_cookies_and_asks_for_a_place_is_not_in_it(paths, tmp_path):
    for name in ("session_key", "enrol-token", "label_code"):
        (paths.dir / "keys" / name).write_text("secret")

    new = HubPaths(tmp_path / "new")
    new.dir.mkdir()
    stage(make(paths, tmp_path / "b.hubbackup"), new)
    finish(new)

    assert (new.dir / "keys/label_code").exists()
    assert not [name for name in ("session_key", "enrol-token") if (new.dir / "keys" / name).exists()]
    assert not may_restore("hub/keys/session_key", to_card=True)


@pytest.mark.parametrize("name", ["trust/hub-root.json", "trust"])
def test_a_link_that_comes_while_it_is_made_tells_nothing(paths, tmp_path, name):
    """The portal may change its folder at any moment; root reads it, onto a stick that it may read."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "hub-root.json").write_text("only for root")

    def swap(_share):
        place = paths.dir / name
        if not place.is_symlink():
            place.rename(tmp_path / "aside")
            place.symlink_to(outside / "hub-root.json" if place.suffix else outside)

    with pytest.raises(Error):
        make_backup(paths, read_settings(paths), tmp_path / "b.hubbackup", now=NOW, advance=swap)
    assert not list(tmp_path.glob("*.hubbackup*"))


def test_a_check_that_was_cut_is_in_nobody_s_way(paths, tmp_path):
    backup = make(paths, tmp_path / "b.hubbackup")
    (paths.dir / ".restore-check" / "new").mkdir(parents=True)

    assert check_backup(backup, paths).files

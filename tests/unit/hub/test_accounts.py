import json
import sqlite3
import threading

import pytest

from content_packs.errors import UsageError
from hub import accounts
from hub.accounts import (
    add_account,
    allows,
    find_account,
    find_by_name,
    has_accounts,
    list_accounts,
    may_manage,
    note_step,
    prove_presence,
    read_session_key,
    read_steps,
    remove_account,
    set_password,
    sign_in,
    sign_out_everywhere,
)
from hub.labelcode import write_label_code
from hub.settings import HubPaths
from hub.tries import FREE_MISSES
from support.accounts import PASSWORD


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "hub").mkdir()
    return HubPaths(tmp_path / "hub")


@pytest.fixture
def account(paths):
    return add_account(paths, "technician", PASSWORD, role="technician", display_name="Олена Коваль")


def test_a_new_hub_has_no_account_and_no_file_of_them(paths):
    assert list_accounts(paths) == ()
    assert not has_accounts(paths)
    assert not paths.accounts_db.exists()
    assert not sign_in(paths, "technician", "", address="a").is_right


@pytest.mark.parametrize(
    ("role", "needed", "expected"),
    [
        ("technician", "technician", True),
        ("technician", "admin", True),
        ("admin", "admin", True),
        ("admin", "technician", False),
        ("teacher", "admin", False),
        ("", "admin", False),
    ],
)
def test_who_may_what(role, needed, expected):
    assert allows(role, needed) is expected
    assert may_manage(role, needed) is expected


def test_somebody_signs_in(paths, account):
    tried = sign_in(paths, " Technician ", PASSWORD, address="10.0.0.2")
    assert tried.is_right
    assert tried.account.id == account.id
    assert find_account(paths, account.id).signed_in_at is not None
    assert not sign_in(paths, "technician", PASSWORD + "!", address="10.0.0.2").is_right
    assert not sign_in(paths, "nobody", PASSWORD, address="10.0.0.2").is_right


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "x" * 41, "a/b", "a\0b", "<b>"])
def test_what_is_no_name_is_refused(paths, name):
    with pytest.raises(UsageError):
        add_account(paths, name, PASSWORD, role="admin")


def test_a_name_is_given_once_however_it_is_written(paths):
    add_account(paths, "Їжак", PASSWORD, role="admin")
    with pytest.raises(UsageError, match="taken"):
        add_account(paths, "їжак", PASSWORD, role="admin")


def test_a_weak_password_changes_nothing(paths, account):
    with pytest.raises(UsageError, match="short"):
        set_password(paths, account, "short")
    with pytest.raises(UsageError, match="short"):
        add_account(paths, "other", "short", role="admin")
    assert list_accounts(paths) == (account,)


def test_no_password_lies_anywhere(paths, account):
    sign_in(paths, "technician", PASSWORD, address="a")
    files = [path for path in paths.dir.rglob("*") if path.is_file()]
    assert paths.accounts_db in files
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
    readable = [path for path in files if "locks" not in path.parts and path.stat().st_mode & 0o077]
    assert readable == []


@pytest.mark.parametrize("name", ["technician", "nobody"])
def test_waits_are_the_same_whether_the_name_is_one_or_not(paths, account, name):
    waits = [sign_in(paths, name, "wrong", address=f"10.0.0.{n}").wait_s for n in range(FREE_MISSES + 2)]
    assert waits[:FREE_MISSES] == [0.0] * FREE_MISSES
    assert all(wait_s > 25 for wait_s in waits[FREE_MISSES:])


def test_even_the_right_password_waits(paths, account):
    for number in range(FREE_MISSES):
        sign_in(paths, "technician", "wrong", address=f"10.0.0.{number}")
    tried = sign_in(paths, "technician", PASSWORD, address="10.0.0.99")
    assert not tried.is_right
    assert tried.wait_s > 25


def test_an_address_that_guesses_many_names_waits_too(paths, account):
    for number in range(FREE_MISSES):
        assert sign_in(paths, f"name{number}", "wrong", address="10.0.0.7").wait_s == 0
    assert sign_in(paths, "technician", PASSWORD, address="10.0.0.7").wait_s > 25
    assert sign_in(paths, "technician", PASSWORD, address="10.0.0.8").is_right


def test_a_right_password_ends_the_count(paths, account):
    for _ in range(3):
        for _ in range(FREE_MISSES - 1):
            sign_in(paths, "technician", "wrong", address="10.0.0.7")
        assert sign_in(paths, "technician", PASSWORD, address="10.0.0.7").is_right


def test_a_thousand_tries_at_once_are_five(paths, account, monkeypatch):
    looked_at = []
    monkeypatch.setattr(accounts, "is_secret", lambda kept, secret: looked_at.append(secret) is not None)

    def guess(number):
        for turn in range(20):
            sign_in(paths, "technician", f"guess {number} {turn}", address=f"10.0.{number}.2")

    crowd = [threading.Thread(target=guess, args=(number,)) for number in range(50)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert len(looked_at) == FREE_MISSES


def test_made_up_names_fill_no_disk(paths, account, monkeypatch):
    monkeypatch.setattr(accounts, "_MOST_MISSES", 20)
    monkeypatch.setattr(accounts, "is_secret", lambda kept, secret: False)
    for number in range(100):
        sign_in(paths, f"name{number}", "x", address=f"10.0.0.{number}")
    with sqlite3.connect(paths.accounts_db) as db:
        assert db.execute("select count(*) from misses").fetchone()[0] == 20


def test_a_new_password_signs_out_everywhere_and_ends_waits(paths, account):
    for number in range(FREE_MISSES):
        sign_in(paths, "technician", "wrong", address=f"10.0.0.{number}")
    fresh = set_password(paths, account, "зовсім інші слова")
    assert fresh.session_version == account.session_version + 1
    assert sign_in(paths, "technician", "зовсім інші слова", address="10.0.0.50").is_right
    assert not sign_in(paths, "technician", PASSWORD, address="10.0.0.50").is_right


def test_sign_out_everywhere_makes_another_version(paths, account):
    sign_out_everywhere(paths, account)
    assert find_account(paths, account.id).session_version == account.session_version + 1


def test_a_name_that_is_given_again_is_another_account(paths, account):
    remove_account(paths, account)
    assert not has_accounts(paths)
    again = add_account(paths, "technician", PASSWORD, role="technician")
    assert again.id != account.id
    assert find_account(paths, account.id) is None


def test_presence_is_counted_by_address_alone(paths):
    write_label_code(paths, "K7RM-4XQ9")
    for _ in range(FREE_MISSES):
        assert not prove_presence(paths, "AAAA-AAAA", address="10.0.0.7").is_right
    assert prove_presence(paths, "K7RM-4XQ9", address="10.0.0.7").wait_s > 25
    assert prove_presence(paths, "K7RM-4XQ9", address="10.0.0.8").is_right


@pytest.mark.parametrize("damage", [b"", b"nonsense" * 1000, None])
def test_accounts_come_back_from_their_spare_copy(paths, account, damage):
    for name in ("accounts.db-wal", "accounts.db-shm"):
        (paths.dir / name).unlink(missing_ok=True)
    if damage is None:
        paths.accounts_db.unlink()
    else:
        paths.accounts_db.write_bytes(damage)
    assert list_accounts(paths) == (account,)
    assert sign_in(paths, "technician", PASSWORD, address="a").is_right


@pytest.mark.parametrize("spare", ["", "[]", "{}", '{"accounts": [[1]]}', '{"accounts": 5}', "\0"])
def test_a_spoilt_spare_copy_lets_nobody_in(paths, account, spare):
    (paths.spare / "accounts.json").write_text(spare)
    paths.accounts_db.unlink()
    assert list_accounts(paths) == ()
    assert add_account(paths, "technician", PASSWORD, role="technician").role == "technician"
    assert json.loads((paths.spare / "accounts.json").read_text())["accounts"]


def test_removed_accounts_do_not_come_back(paths, account):
    remove_account(paths, account)
    paths.accounts_db.unlink()
    assert list_accounts(paths) == ()


def test_the_session_key_is_made_once_and_has_a_copy(paths):
    key = read_session_key(paths)
    assert len(key) == 64
    paths.session_key.write_bytes(b"")
    assert read_session_key(paths) == key
    assert paths.session_key.stat().st_mode & 0o777 == 0o600


def test_steps_are_remembered(paths):
    assert read_steps(paths) == {}
    note_step(paths, "school", {"school_name": "Ліцей"})
    note_step(paths, "school", {"school_name": "Гімназія"})
    assert read_steps(paths) == {"school": {"school_name": "Гімназія"}}
    assert find_by_name(paths, "school") is None

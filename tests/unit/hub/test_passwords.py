import threading
import time
import unicodedata

import pytest
from argon2 import extract_parameters

from content_packs.errors import BusyError, UsageError
from hub import passwords
from hub.labelcode import has_label_code, is_label_code, write_label_code
from hub.passwords import check_password, hash_secret, is_outdated, is_secret
from hub.school.codes import make_label_code, plain_code
from hub.settings import HubPaths


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("three words here", ""),
        ("десять літер", ""),
        ("too short", "too short"),
        ("", "too short"),
        ("x" * 201, "too long"),
        ("abababababab", "repeats"),
        ("technician12", "name"),
        ("TECHNICIAN-of-us", "name"),
    ],
)
def test_what_a_password_must_be(text, words):
    assert (words in check_password(text, "technician")) if words else not check_password(text, "technician")


def test_parameters_are_those_of_owasp():
    kept = extract_parameters(hash_secret("secret"))
    assert (kept.type.name, kept.time_cost, kept.memory_cost, kept.parallelism) == ("ID", 2, 19 * 1024, 1)
    assert not is_outdated(passwords._NOBODY)


def test_a_secret_is_known_again_however_a_keyboard_writes_it():
    kept = hash_secret(unicodedata.normalize("NFC", "їжак і йод"))
    assert is_secret(kept, unicodedata.normalize("NFD", "їжак і йод"))
    assert not is_secret(kept, "їжак і йот")
    assert not is_secret(None, "їжак і йод")
    assert not is_secret("$argon2id$damaged", "x")


def test_no_account_takes_as_much_work_as_one():
    """By work, not by the clock: the hash that stands for nobody is really computed."""
    assert extract_parameters(passwords._NOBODY) == extract_parameters(hash_secret("x"))


def test_two_are_computed_at_once_and_a_crowd_is_sent_away(monkeypatch):
    running, most, gate = [0], [0], threading.Lock()

    class Slow:
        def hash(self, _):
            with gate:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.05)
            with gate:
                running[0] -= 1
            return "kept"

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    answers = []

    def ask():
        try:
            answers.append(hash_secret("x"))
        except BusyError:
            answers.append("busy")

    crowd = [threading.Thread(target=ask) for _ in range(100)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert most[0] == 2
    assert answers.count("kept") >= 14
    assert answers.count("busy") >= 1
    assert hash_secret("x") == "kept"


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "hub").mkdir()
    return HubPaths(tmp_path / "hub")


@pytest.mark.parametrize("typed", ["K7RM-4XQ9", "k7rm4xq9", " K7RM 4XQ9 ", "К7RМ-4ХQ9", "к7rм-4хq9"])
def test_the_code_of_the_label_may_be_typed_as_one_likes(paths, typed):
    write_label_code(paths, "K7RM-4XQ9")
    assert is_label_code(paths, typed)
    assert not is_label_code(paths, "K7RM-4XQ8")


def test_a_code_that_is_kept_already_is_not_written_again(paths):
    write_label_code(paths, "K7RM-4XQ9")
    before = paths.label_code.read_bytes()
    write_label_code(paths, "k7rm4xq9")
    assert paths.label_code.read_bytes() == before
    write_label_code(paths, "K7RM-4XQ8")
    assert not is_label_code(paths, "K7RM-4XQ9")


def test_no_code_is_no_way_in(paths):
    assert not has_label_code(paths)
    assert not is_label_code(paths, "")
    assert not is_label_code(paths, "K7RM-4XQ9")


def test_the_code_itself_lies_nowhere(paths):
    code = make_label_code()
    write_label_code(paths, code)
    files = [path for path in paths.dir.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(plain_code(code).encode() not in path.read_bytes() for path in files)
    assert all(code.encode() not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o007 == 0 for path in files)


def test_the_code_comes_back_from_its_spare_copy(paths):
    write_label_code(paths, "K7RM-4XQ9")
    paths.label_code.write_bytes(b"")
    assert is_label_code(paths, "K7RM-4XQ9")
    assert paths.label_code.read_bytes().startswith(b"$argon2id$")


@pytest.mark.parametrize("code", ["", "K7RM", "K7RM-4XQ9-2", "K7RM-4XI1"])
def test_what_is_no_code_is_refused(paths, code):
    with pytest.raises(UsageError):
        write_label_code(paths, code)
    assert not has_label_code(paths)

"""A file and its spare copy: what a power cut took comes back, and what a person wrote is never lost."""

import stat

import pytest

from content_packs.spare import looks_cut, read_whole

WHOLE = b"first line\nlast line.\n"
EDITED = b"another line.\n"


def is_whole(data):
    return data.endswith(b".\n") and b"\0" not in data


@pytest.fixture
def kept(tmp_path):
    """A file that was read once, and so has a copy."""
    path, spare = tmp_path / "state", tmp_path / "spare" / "state"
    path.write_bytes(WHOLE)
    assert read_whole(path, spare, is_whole).data == WHOLE
    assert spare.read_bytes() == WHOLE
    return path, spare


@pytest.mark.parametrize("left", [None, b"", WHOLE[:11], bytes(len(WHOLE)), b" \n"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_what_a_power_cut_leaves_is_replaced_by_the_copy(kept, left, by_hand):
    path, spare = kept
    path.unlink() if left is None else path.write_bytes(left)
    found = read_whole(path, spare, is_whole, by_hand=by_hand)
    assert (found.data, found.refused) == (WHOLE, None)
    assert path.read_bytes() == WHOLE


def test_the_copy_follows_an_edit(kept):
    path, spare = kept
    path.write_bytes(EDITED)
    assert read_whole(path, spare, is_whole).data == EDITED
    assert spare.read_bytes() == EDITED


@pytest.mark.parametrize("edit", [b"a typing error", WHOLE + b"more", "UTF-16.\n".encode("utf-16")])
def test_a_typing_error_is_left_for_whoever_made_it(kept, edit):
    path, spare = kept
    path.write_bytes(edit)
    found = read_whole(path, spare, is_whole, by_hand=True)
    assert (found.data, found.refused) == (WHOLE, edit)
    assert path.read_bytes() == edit
    assert spare.read_bytes() == WHOLE


@pytest.mark.parametrize("left", [b"", b"garbage", None])
def test_a_copy_that_is_damaged_is_made_again(kept, left):
    path, spare = kept
    spare.unlink() if left is None else spare.write_bytes(left)
    assert read_whole(path, spare, is_whole).data == WHOLE
    assert spare.read_bytes() == WHOLE


def test_nothing_is_made_up_where_both_are_lost(kept):
    path, spare = kept
    path.write_bytes(b"")
    spare.write_bytes(b"garbage")
    assert read_whole(path, spare, is_whole) is None
    assert path.read_bytes() == b""


def test_a_secret_stays_one(tmp_path):
    path, spare = tmp_path / "key", tmp_path / "spare" / "key"
    path.write_bytes(WHOLE)
    read_whole(path, spare, is_whole, mode=0o600)
    path.unlink()
    read_whole(path, spare, is_whole, mode=0o600)
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, spare)] == [0o600, 0o600]


def test_a_folder_that_takes_no_file_does_not_matter_while_the_file_is_whole(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(WHOLE)
    (tmp_path / "spare").write_bytes(b"a file where a folder should be")
    assert read_whole(path, tmp_path / "spare" / "state", is_whole).data == WHOLE


def test_an_edit_that_only_takes_lines_away_is_one(kept):
    path, spare = kept
    path.write_bytes(WHOLE + EDITED)
    read_whole(path, spare, is_whole)
    path.write_bytes(WHOLE)
    assert looks_cut(WHOLE, WHOLE + EDITED)
    assert read_whole(path, spare, is_whole, by_hand=True).data == WHOLE

"""What root makes in a folder of another account is that account's; here, as root or not."""

import os
import subprocess
import sys

import pytest

ACCOUNT = 4711
SUDO = [] if os.geteuid() == 0 else ["sudo"]
MAKES_A_FILE = """
import os, sys
from pathlib import Path
from content_packs.owner import as_owner
folder, before = Path(sys.argv[1]), (os.geteuid(), os.getegid(), os.getgroups())
with as_owner(folder):
    with as_owner(folder):
        (folder / "made").touch()
    (folder / "too").touch()
assert (os.geteuid(), os.getegid(), os.getgroups()) == before
print(*((folder / name).stat().st_uid for name in ("made", "too")))
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of another account, which that account can reach."""
    found = tmp_path / "theirs"
    found.mkdir()
    for above in (tmp_path, *tmp_path.parents):
        if not above.stat().st_mode & 0o1:
            subprocess.run([*SUDO, "chmod", "o+x", above], check=True)
    subprocess.run([*SUDO, "chown", f"{ACCOUNT}:{ACCOUNT}", found], check=True)
    return found


def make_files(folder):
    command = [*SUDO, sys.executable, "-c", MAKES_A_FILE, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_root_makes_files_of_the_folders_owner(folder):
    assert make_files(folder) == [str(ACCOUNT)] * 2


def test_a_link_of_roots_own_leads_to_the_owner_of_the_folder(folder, tmp_path):
    link = tmp_path / "link"
    subprocess.run([*SUDO, "ln", "-s", folder, link], check=True)
    assert make_files(link) == [str(ACCOUNT)] * 2


def test_a_link_of_another_account_leads_to_no_more_than_its_own(folder, tmp_path):
    link = folder / "link"
    subprocess.run([*SUDO, "ln", "-s", tmp_path, link], check=True)
    subprocess.run([*SUDO, "chown", "-h", f"{ACCOUNT}", link], check=True)
    with pytest.raises(AssertionError, match="PermissionError"):
        make_files(link)

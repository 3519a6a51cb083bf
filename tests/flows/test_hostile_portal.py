"""Somebody has taken the portal over and puts links into its own folder: root goes through none of them."""

import io
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from pathlib import Path

import pytest

SUDO = [] if os.geteuid() == 0 else ["sudo"]
PORTAL = 64810  # an account that nobody has
SECRET = "K7RM-4XQ9"
_BEGIN = f"""
import json, os, pwd, sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

card, data = Path(sys.argv[1]), Path(sys.argv[1]) / "data"
pwd.getpwnam = lambda _name: SimpleNamespace(pw_uid={PORTAL}, pw_gid={PORTAL})
(data / "card").mkdir(mode=0o700, parents=True)
(data / "card" / "label-code").write_text("{SECRET}\\n")
(data / "card" / "label-code").chmod(0o600)
(data / "hub").mkdir()
(card / "boot").mkdir()
(card / "etc").mkdir()

def give(folder):
    for path in (folder, *folder.rglob("*")):
        os.lchown(path, {PORTAL}, {PORTAL})

def seen(folder):
    return {{
        str(path.relative_to(folder)): [path.lstat().st_uid, path.lstat().st_mode, path.lstat().st_size]
        for path in (folder, *folder.rglob("*"))
    }}
"""


@pytest.fixture
def card():
    """A folder that every account may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="hub-card-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run([*SUDO, "rm", "-rf", str(folder)], check=True)


def as_root(card, script, *words):
    """Run `script` as root below `card`; returns what it prints as JSON."""
    path = card / "script.py"
    path.write_text(_BEGIN + textwrap.dedent(script))
    done = subprocess.run(
        [*SUDO, sys.executable, str(path), str(card), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["keys", "trust", "spare"])
def test_a_boot_gives_nothing_away_below_a_link(card, name):
    """`ln -s /data/card /data/hub/spare`, and at the next start root gives the whole folder to the portal."""
    before, after = as_root(
        card,
        """
        from hub.card import boot as booting
        from hub.card.places import CardPlaces
        from hub.cli.card_boot import others

        (card / "boot" / "hub-config.txt").write_text(
            'version = 1\\nschool_code = "1"\\nschool_name = "S"\\ntechnician_password = "drei-Worte-77"\\n'
            '[wifi]\\nssid = "S"\\npassword = "12345678"\\n'
        )
        outside = data / "outside"
        (outside / "inner").mkdir(parents=True)
        (outside / "passwd").write_text("root")
        (data / "hub" / sys.argv[2]).symlink_to(outside)
        give(data / "hub")
        before = seen(outside)
        places = CardPlaces(card, card / "boot", data)
        booting.boot(places, others(places), now=datetime.now(UTC))
        print(json.dumps([before, seen(outside)]))
        """,
        name,
    )

    assert after == before


@pytest.mark.parametrize("name", ["accounts.db", "hub.toml", "hub.db"])
def test_a_boot_writes_nothing_through_a_link(card, name):
    before, after = as_root(
        card,
        """
        from hub.card import boot as booting
        from hub.card.places import CardPlaces
        from hub.cli.card_boot import others

        (card / "boot" / "hub-config.txt").write_text(
            'version = 1\\nschool_code = "1"\\nschool_name = "S"\\ntechnician_password = "drei-Worte-77"\\n'
            '[wifi]\\nssid = "S"\\npassword = "12345678"\\n'
        )
        outside = data / "outside"
        outside.mkdir()
        (data / "hub" / sys.argv[2]).symlink_to(outside / "cron")
        give(data / "hub")
        before = seen(outside)
        places = CardPlaces(card, card / "boot", data)
        booting.boot(places, others(places), now=datetime.now(UTC))
        print(json.dumps([before, seen(outside)]))
        """,
        name,
    )

    assert after == before


@pytest.mark.parametrize("linked", ["run/nginx.log", "jobs/000001-sync.json", "hub.toml"])
def test_the_support_file_tells_nothing_that_only_root_may_read(card, linked):
    data = as_root(
        card,
        """
        from hub.runner import support
        from hub.runner.task import Machine, Task
        from hub.settings import HubPaths

        for name in ("run", "jobs"):
            (data / "hub" / name).mkdir()
        code = (data / "card" / "label-code").read_text().strip()
        job = json.dumps({"state": code, "message": code, "result": {}})
        held = {"jobs": job, "hub.": f'a = "{code}"'}.get(sys.argv[2][:4], code)
        (data / "card" / "label-code").write_text(held)
        (data / "hub" / sys.argv[2]).symlink_to(data / "card" / "label-code")
        give(data / "hub")
        support._PROGRAMS = {}
        support.make_support_file(Task(HubPaths(data / "hub"), Machine(True, ("false",)), {}))
        made = data / "hub" / "support" / "hub-support.zip"
        print(json.dumps([made.read_bytes().hex(), made.stat().st_uid]))
        """,
        linked,
    )

    with zipfile.ZipFile(io.BytesIO(bytes.fromhex(data[0]))) as archive:
        assert not [name for name in archive.namelist() if SECRET.encode() in archive.read(name)]
    assert data[1] == PORTAL


def test_a_second_name_makes_no_file_of_root_s_the_portal_s(card):
    """`ln /data/network/filter.json /data/hub/`: links to files of others are allowed, for Kolibri's sake."""
    owners = as_root(
        card,
        """
        from hub.card.hubdir import give_to_hub
        from hub.settings import HubPaths

        (data / "network").mkdir()
        (data / "network" / "filter.json").write_text("{}")
        give(data / "hub")
        os.link(data / "network" / "filter.json", data / "hub" / "second")
        (data / "hub" / "link").symlink_to(data / "network")
        os.mkfifo(data / "hub" / "pipe")
        (data / "hub" / "hub.db").write_text("of root, by an earlier version")
        give_to_hub(HubPaths(data / "hub"))
        names = ("network/filter.json", "network", "hub/hub.db", "hub")
        print(json.dumps([(data / name).stat().st_uid for name in names]))
        """,
    )

    assert owners == [0, 0, PORTAL, PORTAL]


def test_what_a_boot_makes_belongs_to_the_hub_s_account(card):
    problems, strangers, made = as_root(
        card,
        """
        from hub.card import boot as booting
        from hub.card.places import CardPlaces
        from hub.cli.card_boot import others

        (card / "boot" / "hub-config.txt").write_text(
            'version = 1\\nschool_code = "1"\\nschool_name = "S"\\ntechnician_password = "drei-Worte-77"\\n'
            '[wifi]\\nssid = "S"\\npassword = "12345678"\\n'
        )
        places = CardPlaces(card, card / "boot", data)
        for _ in range(2):
            done = booting.boot(places, others(places), now=datetime.now(UTC))
        made = [path for path in (data / "hub").rglob("*")]
        strangers = [str(path) for path in made if path.lstat().st_uid != """
        f"{PORTAL}"
        """]
        print(json.dumps([done.problems, strangers, [path.name for path in made]]))
        """,
    )

    assert (problems, strangers) == ([], [])
    assert {"accounts.db", "hub.toml", "id_ed25519", "label_code"} <= {*made}

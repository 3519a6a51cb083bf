"""The depot's host by rules alone: names, files, whose key counts, who may read, who was told."""

import os
import shlex
import shutil
import subprocess
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content_packs.errors import BadDataError, BusyError, LinkDownError, UsageError
from content_packs.transports.address import parse_sftp
from provisioning.central import host_keys, readers
from provisioning.central.fleet import Hub, iso, open_fleet
from provisioning.central.host_keys import KnownKey
from provisioning.central.office import changing
from provisioning.central.ssh_keys import confine
from provisioning.central.sshd import doctor, inboxes, quotas, render, rotate, server, setup
from provisioning.central.sshd.accounts import read_allowed
from provisioning.central.sshd.doctor import Visit
from provisioning.central.sshd.names import PROBES, account_of
from provisioning.central.sshd.quotas import Usage
from provisioning.central.sshd.setup import Setup
from provisioning.central.sshd.version import parse_version
from support.office import NOW, OfficeAtWork, new_key

SETUP = Setup("/srv/central")
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)


@given(IDS, IDS)
def test_every_hub_has_an_account_of_its_own_that_linux_takes(one, other):
    assert len(account_of(one)) <= 32
    assert account_of(one).startswith("hub-")
    assert (account_of(one) == account_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19", (9, 2)),
        ("OpenSSH_10.0p2 Debian-7+deb13u4", (10, 0)),
        ("unknown option -- V\nOpenSSH_9.2, OpenSSL 3.0.19 27 Jan 2026", (9, 2)),
    ],
)
def test_reads_which_openssh_is_here(said, version):
    assert parse_version(said) == version


def test_what_is_no_openssh_is_refused():
    with pytest.raises(BadDataError, match="dropbear"):
        parse_version("dropbear 2022.83")


@pytest.mark.parametrize(("version", "knows"), [((9, 2), False), ((9, 8), True), ((10, 0), True)])
def test_only_what_a_release_knows_is_written_for_it(version, knows):
    text = render.render_config(SETUP, ("/key",), version)
    assert ("PerSourcePenalties" in text) == knows
    settings = [line.split()[0] for line in text.splitlines() if line and not line.startswith("#")]
    assert len(settings) == len(set(settings)), "the first of two would count"


def test_a_path_with_odd_signs_stays_one_word_for_the_shell_and_for_systemd():
    setup = Setup("/srv/the office's 100%")
    script = render.render_start(setup, "/usr/sbin/sshd")
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
    assert shlex.quote("/srv/the office's 100%/depot") in script
    unit = render.render_units(setup, "/opt/central")["hub-accounts.service"]
    assert '--dir "/srv/the office\'s 100%%" sshd-config' in unit


def test_systemd_can_read_the_units(tmp_path):
    assert shutil.which("systemd-analyze"), "apt-get install systemd"
    for name, text in render.render_units(SETUP, "/bin/true").items():
        (tmp_path / name).write_text(text.replace("/etc/hub-sshd/start", "/bin/true"))
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# What `repquota --user --verbose --output=csv` of Debian 13 prints.
QUOTAS = """\
User,BlockStatus,FileStatus,BlockUsed,BlockSoftLimit,BlockHardLimit,BlockGrace,FileUsed,FileSoftLimit,FileHardLimit,FileGrace
root,ok,ok,4,0,0,,3,0,0,
hub-h-1,ok,ok,65320,0,65536,,260,0,2000,
hub-h-2,ok,ok,4,0,65536,,2000,0,2000,
hub-h-3,ok,ok,64000,0,65536,,1999,0,2000,
"""


def test_who_has_no_room_for_one_more_report_is_full():
    usage = quotas.parse_report(QUOTAS)
    assert usage["hub-h-1"] == Usage(65320, 260, 65536, 2000)
    assert [name for name, each in usage.items() if each.max_kib and each.is_full] == ["hub-h-1", "hub-h-2"]


def test_the_disk_of_the_inboxes_may_stay_and_grow(tmp_path, monkeypatch):
    image = tmp_path / "inboxes.img"
    monkeypatch.setattr(inboxes, "INBOX_IMAGE", image)
    saved = replace(SETUP, inbox_mib=256)
    inboxes.require_room_for(saved, replace(SETUP, inbox_mib=0))  # there is none yet
    image.touch()
    for mib in (256, 257):
        inboxes.require_room_for(saved, replace(SETUP, inbox_mib=mib))
    for mib in (0, 255):
        with pytest.raises(UsageError, match="has 256 MiB"):
            inboxes.require_room_for(saved, replace(SETUP, inbox_mib=mib))


def test_where_the_kernel_counts_the_new_disk_is_mounted_so_at_once(tmp_path, monkeypatch):
    """Not only from the next start of the machine on: until then no hub would have a limit."""
    inbox = tmp_path / "office/depot/inbox"
    inbox.mkdir(parents=True)
    monkeypatch.setattr(inboxes, "INBOX_IMAGE", tmp_path / "state/inboxes.img")
    monkeypatch.setattr(inboxes, "STATE_DIR", tmp_path / "state")
    for module in (inboxes, setup):
        monkeypatch.setattr(module, "SETUP", tmp_path / "setup.json")
    mounted = {}

    def run(program, *words):
        if program == "mount":
            mounted[str(words[-1])] = words[1].split(",")
            (Path(words[-1]) / "lost+found").mkdir()

    monkeypatch.setattr(inboxes, "run", run)
    took = []
    office = replace(SETUP, office=str(tmp_path / "office"), inbox_mib=1)
    for fault in inboxes.find_disk_faults(office, changed=took.append):
        fault.mend()
    assert took == [replace(office, has_quota=True)]
    assert "usrquota" in mounted[str(inbox)]


def test_only_lines_that_the_office_writes_let_somebody_in(tmp_path):
    folder = tmp_path / "hub-keys"
    folder.mkdir()
    good = f"restrict {new_key()} h-1\n"
    timed = f'restrict,expiry-time="202612312359" {new_key()} h-1\n'
    bad = f'{new_key()} h-1\ncommand="sh" {new_key()} h-1\nrestrict,pty {new_key()} h-1\n'
    (folder / "h-1").write_text(bad + good + timed)
    (folder / "h-2").symlink_to("/etc/passwd")
    (folder / ".h-3.tmp").write_text(good)
    os.mkfifo(folder / "h-4")
    allowed = {each.hub_id: each.keys.decode() for each in read_allowed(tmp_path)}
    let_in = b"".join(confine(line.encode().strip()) + b"\n" for line in (good, timed)).decode()
    assert allowed == {**dict.fromkeys(PROBES, ""), "h-1": let_in, "h-2": "", "h-4": ""}
    assert all(",command=" in line for line in let_in.splitlines()), "nobody without what he may ask for"


def test_a_file_is_for_one_account_and_those_that_it_named_before(tmp_path):
    path = tmp_path / "acks"
    path.write_bytes(b"{}")
    path.chmod(0o644)
    with path.open("rb") as file:
        assert not readers.may_read_alone(file.fileno(), 20_001)
        readers.let_read(file.fileno(), 20_001)
        readers.let_read(file.fileno(), 33)  # the web server's
        assert readers.may_read_alone(file.fileno(), 20_001)
        assert not readers.may_read_alone(file.fileno(), 20_002)
    assert path.stat().st_mode & 0o777 == 0o640
    if os.geteuid() == 0:
        path.parent.chmod(0o755)
        for uid, may in ((20_001, True), (33, True), (20_002, False)):
            assert _can_read(path, uid) == may


def _can_read(path, uid):
    """Try it as that account, in a process whose folder it is: pytest's own folders are for root alone."""
    child = os.fork()
    if child == 0:
        try:
            folder = os.open(path.parent, os.O_PATH)
            os.setgid(uid)
            os.setgroups([])
            os.setuid(uid)
            os.close(os.open(path.name, os.O_RDONLY, dir_fd=folder))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_who_told_nothing_since_a_key_was_signed_may_not_know_it():
    told_at = iso(NOW)
    before, after = iso(NOW - timedelta(days=1)), iso(NOW + timedelta(days=1))

    def hub(name, enrolled_at=before, revoked_at=None):
        return Hub(name, "Школа", "all", "key", enrolled_at, revoked_at)

    hubs = [hub("silent"), hub("heard"), hub("old-news"), hub("new", after), hub("gone", before, after)]
    said = {"heard": "2021-11-20T15:00:00+02:00", "old-news": "2021-11-20T13:59:00+02:00"}  # 13:00, 11:59 UTC
    untold = host_keys.list_untold(hubs, said, KnownKey("line", "print", told_at))
    assert [hub.hub_id for hub in untold] == ["silent", "old-news"]
    never = host_keys.list_untold(hubs, said, KnownKey("line", "print", None))
    assert len(never) == 4


@pytest.fixture
def rotating(tmp_path, monkeypatch):
    """Rotate host keys of a server that is not there; say what was done to it."""
    work, did = OfficeAtWork.found(tmp_path / "central"), []
    keys = [tmp_path / "host_ed25519_001", tmp_path / "host_ed25519_002"]
    for key in keys:
        key.with_suffix(".pub").write_text(new_key())
    monkeypatch.setattr("provisioning.central.office.PATIENCE_S", 0)
    monkeypatch.setattr(rotate, "require_root", lambda: None)
    monkeypatch.setattr(rotate, "read_version", lambda _: (10, 0))
    monkeypatch.setattr(rotate, "find_sshd", lambda: "sshd")
    monkeypatch.setattr(server, "list_private_keys", lambda: keys)
    for name in ("install_config", "drop_host_key", "make_host_key"):
        monkeypatch.setattr(server, name, lambda *_, name=name: did.append(name))
    settings = Setup(str(work.office.dir))

    def run():
        rotate.rotate(work.office, settings, force=True, dry_run=False, now=NOW)

    return work.office, run, did


def test_no_host_key_is_thrown_away_while_the_office_cannot_be_told(rotating):
    office, run, did = rotating
    with changing(office, "publish"), pytest.raises(BusyError, match="publish"):
        run()
    assert did == []


def test_a_host_key_that_the_office_was_not_told_of_is_not_rotated_again(rotating, monkeypatch):
    office, run, did = rotating
    with ExitStack() as stack:
        monkeypatch.setattr(server, "make_host_key", lambda: stack.enter_context(changing(office, "publish")))
        with pytest.raises(BusyError, match="the office was not told") as refused:
            run()
    assert did == ["install_config", "drop_host_key"]
    assert "sshd-config --apply" in refused.value.hint


def test_the_last_host_key_stays_and_a_beginning_names_one(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    one, other = new_key(), new_key()
    with open_fleet(work.office.fleet_db) as fleet:
        assert host_keys.add(fleet, [one, other, one]) == [one, other]
        assert host_keys.add(fleet, [one]) == []
        prints = {key.line: key.fingerprint for key in host_keys.list_known(fleet)}
        with pytest.raises(UsageError, match="2 host keys begin"):
            host_keys.retire(fleet, "SHA256:")
        assert host_keys.retire(fleet, prints[one][:20]).line == one
        with pytest.raises(UsageError, match="only host key"):
            host_keys.retire(fleet, prints[other])
        with pytest.raises(UsageError, match="at most 16"):
            host_keys.add(fleet, [new_key() for _ in range(16)])
        assert host_keys.list_host_keys(fleet) == (other,)


def test_a_doctor_takes_away_what_it_left_and_no_report_that_came_meanwhile(tmp_path):
    setup = Setup(str(tmp_path))
    inbox = setup.depot / "inbox" / "h-1"
    inbox.mkdir(parents=True)
    own, report = doctor.report_name("h-1"), sha256(b"a report of the hub").hexdigest()
    left = [own, f"{own}-2", f".{own}.tmp", "f" * 64, f".{'f' * 64}.tmp", f"{7:064x}", "intruder"]
    with doctor.clean_inbox(setup, "h-1"):
        for name in [*left, report, f".{report[::-1]}.tmp"]:
            (inbox / name).touch()
    assert {path.name for path in inbox.iterdir()} == {report, f".{report[::-1]}.tmp"}


@pytest.mark.parametrize("is_here", [True, False])
def test_a_doctor_who_reaches_no_server_gives_the_advice_of_the_office(tmp_path, monkeypatch, is_here):
    def connect(_):
        raise LinkDownError("no connection to 127.0.0.1:2222", hint="Run `hub sync` again later.")

    monkeypatch.setattr(Visit, "sftp", connect)
    visit = Visit("h-1", parse_sftp("sftp://hub-h-1@127.0.0.1:2222/"), tmp_path / "key", (), "h-2")
    with pytest.raises(LinkDownError, match="no connection") as caught:
        doctor.examine(visit, is_here=is_here)
    assert "hub sync" not in caught.value.hint
    assert "central sshd-config" in caught.value.hint or "/etc/hub-sshd/start" in caught.value.hint

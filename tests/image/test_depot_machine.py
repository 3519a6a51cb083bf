"""The depot's host on Debian 13, under its own kernel and systemd: set up by the how-to, restarted, cut.

What needs no systemd and no quotas is in flows/test_depot_host.py, in seconds.
"""

import base64

import pytest

from content_packs.errors import DepotBusyError, HubKeyRefusedError, LinkError
from content_packs.segment import MAX_SEGMENT_BYTES
from content_packs.transports import open_transport
from support.card import Card
from support.depot_machine import OFFICE, DepotMachine, make_disk
from support.machine import running
from support.ports import free_port
from support.road import must, run
from support.waiting import wait_for
from tests.image.conftest import served

A, B = "h-a", "h-b"
PORT, OTHER_PORT = 2222, 2223
SERIAL = "systemd.debug_shell=ttyS0 systemd.mask=serial-getty@ttyS0.service"
SERVICES = ("hub-sshd.service", "hub-accounts.path", "hub-accounts.timer")
SOON_S = 240  # of an emulated machine: less than hub-accounts.timer waits
PACK = """\
id = "demo"
version = 1
kind = "web"
title = "Урок"
language = "uk"
licence = "CC-BY-4.0"
entry = "index.html"
"""
PAGE = "<!doctype html><html lang=uk><title>Урок</title><h1>Привіт</h1>"


@pytest.fixture(scope="session")
def disk():
    return make_disk()


@pytest.fixture(scope="module")
def new_machine(disk, tmp_path_factory):
    """Make a machine with a disk of its own."""
    ports = {free_port(): PORT, free_port(): OTHER_PORT}

    def make():
        card = Card.of_image(disk, tmp_path_factory.mktemp("machine") / "disk.qcow2", size="4G")
        return DepotMachine(card, memory_mib=768, ports=ports, arguments=SERIAL)

    return make


class Host:
    """What an administrator has: the machine, and hubs elsewhere that reach it through an address of many."""

    def __init__(self, machine, folder):
        self.machine, self.folder = machine, folder
        self.ports = {theirs: ours for ours, theirs in machine.ports.items()}

    def found(self):
        """Make the office, as an account of its own."""
        made = f"useradd --system office && central init {OFFICE} --no-passphrase >/run/out 2>&1 && "
        made += f"chown -R office:office {OFFICE} && echo made"
        assert self.machine.ask(made, timeout_s=300) == "made"

    def office(self, *words, code=0):
        """Run `central` there as the office's account."""
        command = " ".join(map(str, words))
        said = self.machine.ask(
            f"cd /; runuser -u office -- env CENTRAL_DIR={OFFICE} central {command} 2>&1; echo $?",
            timeout_s=300,
        )
        assert said.splitlines()[-1] == str(code), said
        return said

    def enrol(self, hub_id):
        """Let a hub in whose folder is on this side; return once it may sign in."""
        self.let_in(hub_id, self.add(hub_id))
        wait_for(lambda: self.may_sign_in(hub_id), timeout_s=SOON_S, every_s=1)

    def add(self, hub_id):
        """Make a hub; return its public key."""
        files = {"root.json": f"{OFFICE}/hub-root.json", "host.pub": "/etc/hub-sshd/host-keys/*.pub"}
        for name, path in files.items():
            (self.folder / name).write_text(self.machine.ask(f"cat {path}").replace("\r", "") + "\n")
        return must(
            *("hub", "init", self.folder / hub_id, "--root", self.folder / "root.json"),
            *("--depot", self.url(hub_id), "--host-key", self.folder / "host.pub"),
            *("--hub-id", hub_id, "--json"),
        ).json["public_key"]

    def put(self, path, text):
        """Write a file there that everybody may read."""
        data = base64.b64encode(text.encode()).decode()
        self.machine.ask(f"mkdir -p $(dirname {path}); echo {data} | base64 -d > {path}; chmod 644 {path}")

    def let_in(self, hub_id, public_key):
        self.put(f"/run/{hub_id}.pub", public_key + "\n")
        return self.office("enrol", hub_id, f"/run/{hub_id}.pub", "--school", f"Школа-{hub_id}")

    def url(self, hub_id, port=PORT):
        return f"sftp://hub-{hub_id}@127.0.0.1:{self.ports[port]}/"

    def connect(self, hub_id, *, port=PORT, key=None):
        return open_transport(
            self.url(hub_id, port),
            key_path=key or self.folder / hub_id / "keys/id_ed25519",
            host_keys=(self.folder / "host.pub").read_text().splitlines(),
            connect_timeout_s=60,
            step_timeout_s=60,
        )

    def may_sign_in(self, hub_id, **options):
        try:
            with self.connect(hub_id, **options) as transport:
                return transport.read_files(["FORMAT"], max_bytes=100) != [None]
        except HubKeyRefusedError:
            return False

    def sync(self, hub_id):
        return run("hub", "--dir", self.folder / hub_id, "sync", "--no-neighbours", "--json", timeout_s=300)

    def check(self, code=0):
        return self.machine.central("sshd-config", "--check", code=code)["faults"]

    def apply(self, *words, code=0):
        return self.machine.central("sshd-config", "--apply", *words, code=code)


def up(machine):
    """Wait until all that the machine starts is up; its systemd says nothing on the console."""
    return served(machine, "root@depot:")


def restarted(machine):
    machine.type("systemctl reboot")
    up(machine)


@pytest.fixture(scope="module")
def host(new_machine, tmp_path_factory):
    """A host that was set up by the how-to, serves two hubs and one pack, and was restarted."""
    with running(new_machine()) as machine:
        up(machine)
        host = Host(machine, tmp_path_factory.mktemp("hubs"))
        host.found()
        host.apply("--host", "depot.example", "--inbox-mib", 64, "--hub-files", 100)
        mounted = machine.ask(f"findmnt --raw --noheadings --output OPTIONS {OFFICE}/depot/inbox")
        assert "usrquota" in mounted, "limits hold before the first restart too"
        host.put("/opt/demo/pack.toml", PACK)
        host.put("/opt/demo/index.html", PAGE)
        assert (
            machine.ask("packs build /opt/demo -o /opt/built >/run/out 2>&1 && echo built", timeout_s=120)
            == "built"
        )
        host.office("publish", "/opt/built")
        host.office("assign", "demo", "--ring", "all")
        host.enrol(A)
        host.enrol(B)
        restarted(machine)
        yield host


@pytest.mark.timeout(3600)
def test_after_a_restart_the_host_serves_hubs_without_anybody(host):
    machine = host.machine
    said = machine.ask(f"systemctl is-active {' '.join(SERVICES)}").split()
    assert said == ["active"] * len(SERVICES), machine.ask("systemctl --no-pager status hub-sshd | cat")
    mounted = machine.ask(f"findmnt --raw --noheadings --output FSTYPE,OPTIONS {OFFICE}/depot/inbox")
    assert mounted.startswith("ext4")
    assert {"usrquota", "nosuid", "nodev", "noexec"} <= set(mounted.split()[1].split(","))
    assert host.check() == []
    for hub in (A, B):
        assert host.sync(hub).code == 0
    assert [
        pack["id"] for pack in must("hub", "--dir", host.folder / A, "packs", "--json").json["packs"]
    ] == ["demo"]
    assert "h-a" in host.office("ingest")


@pytest.mark.timeout(3600)
def test_the_doctor_is_content(host):
    told = host.machine.central("doctor", timeout_s=900)
    assert [each for each in told["findings"] if not each["is_good"]] == []
    assert "leave more than 100 files" in {each["what"] for each in told["findings"]}, "the kernel counts"


@pytest.mark.timeout(3600)
def test_accounts_follow_the_office_also_while_they_are_made(host):
    """systemd does not watch the folder while the service that it started runs."""
    first, second = host.add("h-first"), host.add("h-second")
    host.let_in("h-second", second)
    wait_for(lambda: host.may_sign_in("h-second"), timeout_s=SOON_S, every_s=1)
    key, aside, made = f"{OFFICE}/hub-keys/h-second", f"{OFFICE}/h-second", "/etc/hub-sshd/keys/hub-h-"
    done = "until systemctl show -p ActiveState hub-accounts.service | grep -q inactive; do sleep 1; done"
    host.machine.ask(
        f"{done}; mv {key} {aside}; while [ -e {made}second ]; do sleep 0.2; done; {done}",
        timeout_s=2 * SOON_S,
    )
    late = f"until [ -e {made}first ]; do sleep 0.05; done; mv {aside} {key}"
    host.machine.ask(f"({late}) >/dev/null 2>&1 &")
    host.let_in("h-first", first)
    for hub in ("h-first", "h-second"):
        wait_for(lambda hub=hub: host.may_sign_in(hub), timeout_s=SOON_S, every_s=1)


@pytest.mark.timeout(3600)
def test_a_hub_that_the_office_revokes_is_cut_off_in_the_midst_of_its_session(host):
    host.enrol("h-stolen")
    with host.connect("h-stolen") as thief, host.connect(A) as other:
        assert thief.read_files(["FORMAT"], max_bytes=100) != [None]
        host.office("revoke", "h-stolen")
        wait_for(lambda: not host.may_sign_in("h-stolen"), timeout_s=SOON_S, every_s=1)
        with pytest.raises(LinkError):
            thief.read_files(["FORMAT"], max_bytes=100)
        assert other.read_files(["FORMAT"], max_bytes=100) != [None]


def flood(host, hub_id):
    """Leave reports until no more are taken; return how many were."""
    with pytest.raises(DepotBusyError), host.connect(hub_id) as transport:
        for number in range(100):
            transport.write_files(f"inbox/{hub_id}", {f"{number:064x}": bytes(MAX_SEGMENT_BYTES)})
    return number


@pytest.mark.timeout(3600)
def test_a_hub_that_fills_its_inbox_fills_no_other_and_the_host_says_who_it_is(host):
    host.apply("--hub-mib", 2)
    assert flood(host, A) == 7, "one less than 2 MiB: the folder counts too"
    with host.connect(B) as transport:
        transport.write_files(f"inbox/{B}", {"0" * 64: bytes(MAX_SEGMENT_BYTES)})
    assert host.sync(B).code == 0
    [full] = host.check(code=74)
    assert full["what"].startswith("the inbox of h-a is full: 2 of 2 MiB")
    told = host.machine.central("doctor", code=74, timeout_s=900)["findings"]
    assert [each["detail"] for each in told if not each["is_good"]] == [full["what"]]
    assert "h-a" in host.office("ingest")
    assert host.check() == []
    assert host.sync(A).code == 0


@pytest.mark.timeout(3600)
def test_options_change_while_hubs_are_connected(host):
    with host.connect(A) as transport:
        words = ("--port", OTHER_PORT, "--inbox-mib", 96, "--hub-mib", 3, "--hub-files", 120)
        host.apply(*words, "--host", "depot.example")
        assert transport.read_files(["FORMAT"], max_bytes=100) != [None]
    assert host.may_sign_in(A, port=OTHER_PORT)
    with pytest.raises(LinkError):
        host.connect(A)
    said = host.machine.ask(
        f"df -m --output=size {OFFICE}/depot/inbox | tail -n 1; repquota -un {OFFICE}/depot/inbox"
    )
    assert int(said.split()[0]) > 80
    assert " 3072 " in said, said
    assert host.check() == []
    assert "96 MiB" in host.apply("--inbox-mib", 64, code=64)
    assert "port 22 is taken" in host.apply("--port", 22, code=74)
    host.apply("--port", PORT, "--host", "depot.example")
    assert host.may_sign_in(A)


# Says whether somebody at an address of his own is let in: by what sshd says first.
KNOCK = """\
import socket, sys
try:
    with socket.create_connection(("127.0.0.1", 2222), 60, (sys.argv[1], 0)) as sock:
        print(sock.recv(100).decode().split()[0][:7])
        if len(sys.argv) > 2:
            import os, signal, subprocess, time
            sock.sendall(b"SSH-2.0-test\\r\\n")
            time.sleep(5)
            [pid] = subprocess.check_output(["pgrep", "-x", "sshd-auth"], text=True).split()
            os.kill(int(pid), signal.SIGSEGV)
            time.sleep(1)
except OSError as error:
    print(error)
"""


def fail_to_sign_in(host, times):
    """As a hub with another's key does, from the address at which all hubs are."""
    for _ in range(times):
        with pytest.raises((HubKeyRefusedError, LinkError)):
            host.connect(B, key=host.folder / A / "keys/id_ed25519")


@pytest.mark.timeout(3600)
def test_a_hub_that_fails_locks_out_no_other_behind_its_address(host):
    host.put("/run/knock.py", KNOCK)

    def knock(address, *words):
        return host.machine.ask(f"python3 /run/knock.py {address} {' '.join(words)}")

    fail_to_sign_in(host, 30)
    assert host.sync(A).code == 0
    assert knock("127.0.0.3", "and", "crash") == "SSH-2.0"
    assert knock("127.0.0.3") == "Not", "whoever makes sshd crash waits"
    assert knock("127.0.0.4") == "SSH-2.0"
    assert host.sync(A).code == 0

    # As OpenSSH has it without us, the same failures shut the address for all hubs.
    config = "/etc/hub-sshd/sshd_config"
    host.machine.ask(f"sed -i '/^PerSourcePenalties/d' {config}; systemctl reload hub-sshd; sleep 2")
    fail_to_sign_in(host, 10)
    with pytest.raises(LinkError):
        host.connect(A)
    assert knock("127.0.0.4") == "SSH-2.0"
    assert [each["what"] for each in host.apply()["done"]] == [f"{config} is missing or different"]
    assert host.sync(A).code == 0


# What is there for the first time at some moment of the first --apply; the power goes just then.
MOMENTS = (
    "/etc/hub-sshd/host-keys/host_ed25519_001",
    "/var/lib/hub-sshd/.inboxes.tmp",
    "/var/lib/hub-sshd/inboxes.img",
    "/etc/systemd/system/hub-accounts.path",
    "/run/hub-sshd.pid",
)


@pytest.mark.timeout(3600)
def test_a_power_cut_during_the_set_up_leaves_what_the_next_one_finishes(new_machine, tmp_path):
    machine = new_machine()
    with running(machine):
        up(machine)
        host = Host(machine, tmp_path)
        host.found()
        machine.ask("sync")
        words = "sshd-config --apply --host depot.example --inbox-mib 32"
        for moment in MOMENTS:
            machine.type(f"central --dir {OFFICE} {words} >/dev/null 2>&1 &")
            machine.type(f"until [ -e {moment} ]; do sleep 0.05; done; echo now-it-'is'")
            machine.wait_for("now-it-is", timeout_s=600)
            machine.pull_the_plug()
            machine.start()
            up(machine)
        host.apply("--host", "depot.example", "--inbox-mib", 32)
        assert host.apply()["done"] == []
        assert "usrquota" in machine.ask(f"findmnt --raw --noheadings --output OPTIONS {OFFICE}/depot/inbox")
        host.enrol(A)
        restarted(machine)
        assert host.check() == []
        assert host.may_sign_in(A)

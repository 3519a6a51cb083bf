"""The depot's host on Debian 13, under its own kernel and systemd: set up by the how-to, restarted, cut.

What needs no systemd and no quotas is in flows/test_depot_host.py, in seconds.
"""

import base64

import pytest

from content_packs.errors import HubKeyRefusedError
from content_packs.transports import open_transport
from support.card import Card
from support.depot_machine import OFFICE, DepotMachine, make_disk
from support.machine import running
from support.road import must, run
from support.sshd import free_port
from support.waiting import wait_for
from tests.image.conftest import served

A, B = "h-a", "h-b"
PORT, OTHER_PORT = 2222, 2223
SERIAL = "systemd.debug_shell=ttyS0 systemd.mask=serial-getty@ttyS0.service"
SERVICES = ("hub-sshd.service", "hub-accounts.path", "hub-accounts.timer")
SOON_S = 60  # of an emulated machine: less than hub-accounts.timer waits
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
        self.machine.ask(f"useradd --system office && install -d -o office {OFFICE}")
        self.office("init", "--no-passphrase")

    def office(self, *words, code=0):
        """Run `central` there as the office's account."""
        command = " ".join(map(str, words))
        where = OFFICE if words[0] == "init" else ""
        said = self.machine.ask(
            f"cd /; runuser -u office -- env CENTRAL_DIR={OFFICE} central {command} {where} 2>&1; echo $?",
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


def restarted(machine):
    machine.type("systemctl reboot")
    served(machine)


@pytest.fixture(scope="module")
def host(new_machine, tmp_path_factory):
    """A host that was set up by the how-to, serves two hubs and one pack, and was restarted."""
    with running(new_machine()) as machine:
        served(machine)
        host = Host(machine, tmp_path_factory.mktemp("hubs"))
        host.found()
        host.apply("--host", "depot.example", "--inbox-mib", 64, "--hub-files", 100)
        host.put("/tmp/demo/pack.toml", PACK)
        host.put("/tmp/demo/index.html", PAGE)
        assert (
            machine.ask("packs build /tmp/demo -o /tmp/built >/run/out 2>&1 && echo built", timeout_s=120)
            == "built"
        )
        host.office("publish", "/tmp/built")
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
    mounted = machine.ask(f"findmnt --noheadings --output FSTYPE,OPTIONS {OFFICE}/depot/inbox")
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

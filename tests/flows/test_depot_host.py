"""The depot's host, set up for real in namespaces of its own: what a hub may there, and nobody else."""

import hashlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from content_packs.errors import DepotBusyError, Error, HubKeyRefusedError, LinkError, NotWritableError
from content_packs.transports.address import parse_sftp
from content_packs.transports.sftp import open_sftp
from provisioning.central.fleet import open_fleet
from provisioning.central.sshd.attempts import SFTP_ATTEMPTS, Ground, is_let
from support.depot_host import CENTRAL, DepotHost
from support.ports import free_port
from support.road import run

A, B = "h-a", "h-b"
REPORT = b"sealed: of B"
NAME = hashlib.sha256(REPORT).hexdigest()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    """A host with a small disk for inboxes, that serves two hubs."""
    with DepotHost(tmp_path_factory.mktemp("host")) as host:
        host.apply("--port", host.port, "--inbox-mib", 16, "--host", "127.0.0.1", code=74)  # no systemd here
        host.start()
        host.keys = {hub: host.enrol(hub) for hub in (A, B)}
        yield host


def connect(host, hub_id):
    return host.connect(hub_id, host.keys[hub_id])


def bad(told):
    return {each["what"] for each in told["findings"] if not each["is_good"]}


def test_setting_up_again_finds_nothing_to_do(host):
    assert host.apply() == {"format": 1, "port": host.port, "done": [], "left": []}
    assert host.central("sshd-config", "--check")["faults"] == []


def test_a_port_that_is_taken_is_not_told_to_the_server(host):
    before = host.run("sh", "-c", "cat /etc/hub-sshd/*.json /etc/hub-sshd/sshd_config")
    with socket.socket() as other:
        other.bind(("", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} is taken" in host.apply("--port", port, code=74)
    assert host.run("sh", "-c", "cat /etc/hub-sshd/*.json /etc/hub-sshd/sshd_config") == before
    with connect(host, A) as transport:
        assert transport.read_files(["FORMAT"], max_bytes=100)
    assert host.central("sshd-config", "--check")["faults"] == []


def test_the_server_moves_to_another_port_and_back(host):
    former, host.port = host.port, free_port()
    cards = host.apply("--port", host.port, code=74)["left"]  # they name the former one, until --host is said
    assert [f"server is at port {host.port}" in fault["what"] for fault in cards] == [True]
    host.wait_for_server()
    connect(host, A).close()
    host.port = former
    host.apply("--port", host.port)
    host.wait_for_server()


HARMS = {
    "echo 'PermitTTY yes' >> /etc/hub-sshd/sshd_config": "sshd_config",
    "echo command=x >> /etc/hub-sshd/keys/hub-h-a": "hub-h-a",
    "chmod 0777 {}/depot/inbox/h-a": "h-a",
    "userdel hub-h-b": "hub-h-b",
    "usermod --lock hub-doctor-2": "hub-doctor-2",
    "chmod 0777 /var/lib/hub-sshd/depot": "/var/lib/hub-sshd/depot",
    "sed -i s/ro/rw/ /etc/hub-sshd/start": "/etc/hub-sshd/start",
}


def test_what_somebody_changed_is_told_and_put_right(host):
    for harm in HARMS:
        host.run("sh", "-c", harm.format(host.office))
    told = host.central("sshd-config", "--check", code=74)["faults"]
    for words in HARMS.values():
        assert any(words in fault["what"] for fault in told), (words, told)
    assert host.central("sshd-config", "--apply", "--dry-run")["faults"] == told
    host.apply(code=74)  # what mounts had changed, the server starts anew: here by hand
    host.start()
    assert host.central("sshd-config", "--check")["faults"] == []


def test_a_configuration_that_somebody_removed_is_told_and_written_again(host):
    host.run("rm", "/etc/hub-sshd/sshd_config")
    told = host.central("sshd-config", "--check", code=74)["faults"]
    assert [fault["what"] for fault in host.apply()["done"]] == [fault["what"] for fault in told]
    host.wait_for_server()
    connect(host, A).close()


def test_the_doctor_finds_a_hub_well_and_an_intruder_shut_out_and_leaves_nothing(host):
    told = host.central("doctor")
    assert {each["code"] for each in told["advice"]} == {"key-open"}, "on keys as `central keys list`"
    assert bad(told) == set()
    assert len(told["findings"]) > 35
    for place in (f"{host.office}/depot/inbox", f"{host.office}/depot/acks", "/etc/hub-sshd/probe-keys"):
        assert host.run("find", place, "-type", "f") == ""


def test_the_doctor_of_a_stopped_server_says_how_to_start_it(host):
    host.run("sh", "-c", "kill $(cat /run/hub-sshd.pid)")
    try:
        told = host.central("doctor", code=75)
    finally:
        host.start()
        host.wait_for_server()
    assert "Start it: /etc/hub-sshd/start" in told
    assert "hub sync" not in told


OPEN_DOORS = """
sed -i -e 's/^DisableForwarding.*//' -e 's/^PermitTTY no/PermitTTY yes/' \
    -e 's/\\(Tcp\\|Agent\\)Forwarding no/\\1Forwarding yes/' -e 's/^X11Forwarding no/X11Forwarding yes/' \
    -e 's/^ChrootDirectory.*//' -e 's/^MaxStartups.*/MaxStartups 5/' /etc/hub-sshd/sshd_config
sed -i 's/^restrict,command="[^"]*" //' /etc/hub-sshd/keys/hub-h-a
usermod --shell /bin/sh hub-h-a
kill -HUP $(cat /run/hub-sshd.pid)
"""


def test_the_doctor_sees_each_door_that_stands_open(host):
    """From another machine, with a hub's own key."""
    keys = host.folder / "known.pub"
    keys.write_text("\n".join(host.host_keys()) + "\n")
    host.run("sh", "-c", OPEN_DOORS)
    host.wait_for_server()
    try:
        told = host.central(
            *("doctor", A, "--key", host.keys[A], "--url", host.url(A), "--host-key", keys), code=74
        )
    finally:
        host.run("usermod", "--shell", "/usr/sbin/nologin", "hub-h-a")
        mended = host.apply()["done"]
    assert {
        "reads the depot",
        "get a shell",
        "run a program",
        "get a terminal",
        "reach the host's own services through it",
        "let the server listen for others",
        "list the depot",
        "climb out of the depot",
        "ask how full the disk is",
        "keep hubs out by 100 connections that say nothing",
    } <= bad(told)
    assert len(mended) == 2
    assert host.central("sshd-config", "--check")["faults"] == []


def test_with_the_key_of_one_hub_nothing_of_another_can_be_reached(host):
    with connect(host, B) as transport:
        transport.write_files(f"inbox/{B}", {NAME: REPORT})
    host.run("sh", "-c", f"echo '{{}}' > {host.office}/depot/acks/{B}")
    assert any(B in fault["what"] for fault in host.apply()["done"])
    with connect(host, B) as transport:
        assert transport.read_files([f"acks/{B}", f"inbox/{B}/{NAME}"], max_bytes=100) == [b"{}\n", REPORT]
    with open_sftp(
        parse_sftp(host.url(A)),
        key_path=host.keys[A],
        host_keys=host.host_keys(),
        connect_timeout_s=60,
        step_timeout_s=60,
    ) as transport:
        transport.write_files(f"inbox/{A}", {"0" * 64: b"of A"})
        ground = Ground(
            f"/inbox/{A}/{'0' * 64}", f"/inbox/{A}", f"/inbox/{B}", f"/inbox/{B}/{NAME}", f"/acks/{B}"
        )
        assert [attempt.what for attempt in SFTP_ATTEMPTS if is_let(transport, attempt, ground)] == []
        with pytest.raises(NotWritableError):
            transport.write_files(f"inbox/{B}", {"1" * 64: b"of A"})
    with pytest.raises(HubKeyRefusedError):
        host.connect(B, host.keys[A])


def test_a_report_of_the_same_name_is_left_as_it_is_and_may_be_sent_again(host):
    with connect(host, A) as transport:
        for _ in range(2):
            transport.write_files(f"inbox/{A}", {"2" * 64: b"again"})
        assert transport.read_files([f"inbox/{A}/{'2' * 64}"], max_bytes=100) == [b"again"]


def test_a_flood_of_reports_fills_their_own_disk_and_nothing_else(host):
    sent = 0
    with pytest.raises(DepotBusyError), connect(host, A) as transport:
        for number in range(100):
            transport.write_files(f"inbox/{A}", {f"{number:064x}": bytes(256 * 1024)})
            sent += 1
    assert 40 < sent < 64
    [full] = host.central("sshd-config", "--check", code=74)["faults"]
    assert "the disk of the inboxes is full" in full["what"]
    with connect(host, B) as transport:
        [head] = transport.read_files([f"heads/{B}"], max_bytes=100_000)
        assert head
    host.central("enrol", A, host.keys[A].with_suffix(".pub"), "--school", "Інша")  # the office works on
    told = host.central("ingest")["hubs"]
    assert sum(len(hub["refused"]) for hub in told) >= sent
    with connect(host, B) as transport:
        transport.write_files(f"inbox/{B}", {"3" * 64: bytes(256 * 1024)})


def test_noting_an_address_takes_the_key_of_a_card_away_that_has_expired(host):
    """The change of the office makes the accounts follow, in the midst of the set-up."""
    host.central("card", "Запізніла", "--hub-id", "h-late", "-o", host.folder / "late.txt")
    assert "hub-h-late" in host.run("ls", "/etc/hub-sshd/keys")
    with open_fleet(host.office / "fleet.db") as fleet:
        [card] = [card for card in fleet.list_cards() if card.hub_id == "h-late"]
        fleet.save_card(replace(card, expires_at="2020-01-01T00:00:00+00:00"))
    for name in ("localhost", "127.0.0.1"):
        assert [fault["next"] for fault in host.apply("--host", name)["done"]] == [
            f"notes sftp://{name}:{host.port}/"
        ]
    assert "hub-h-late" not in host.run("ls", "/etc/hub-sshd/keys")


def test_a_revoked_hub_is_out_at_once_and_no_other_one_is(host):
    stolen = host.enrol("h-stolen")
    with host.connect("h-stolen", stolen) as thief, connect(host, A) as other:
        assert all(transport.read_files(["FORMAT"], max_bytes=100) for transport in (thief, other))
        host.central("revoke", "h-stolen")
        with pytest.raises(LinkError):
            thief.read_files(["FORMAT"], max_bytes=100)
        assert other.read_files(["FORMAT"], max_bytes=100)
    with pytest.raises(HubKeyRefusedError):
        host.connect("h-stolen", stolen)


def test_an_account_that_somebody_else_made_gets_no_key_and_stays_as_it_is(host):
    host.run("useradd", "--shell", "/bin/bash", "hub-h-vasyl")  # locked: it has no password
    host.run("sh", "-c", "runuser -u hub-h-vasyl -- sleep 600 >/dev/null 2>&1 &")
    lines = [host.run("getent", base, "hub-h-vasyl") for base in ("passwd", "shadow")]
    key = host.enrol("h-vasyl")
    host.run("sh", "-c", f"echo {key.with_suffix('.pub').read_text()} > /etc/hub-sshd/keys/hub-h-vasyl")
    [fault] = host.apply(code=74)["left"]
    assert "hub-h-vasyl was not made for a hub" in fault["what"]
    assert "userdel hub-h-vasyl" in fault["next"]
    assert host.central("sshd-config", "--check", code=74)["faults"] == [fault]
    assert [host.run("getent", base, "hub-h-vasyl") for base in ("passwd", "shadow")] == lines
    assert host.run("pgrep", "--count", "--euid", "hub-h-vasyl").strip() == "1", "its programs go on"
    assert "hub-h-vasyl" not in host.run("ls", "/etc/hub-sshd/keys")
    assert host.run("stat", "--format=%U", host.office / "depot/inbox/h-vasyl") != "hub-h-vasyl\n"

    host.run("userdel", "--force", "hub-h-vasyl")
    host.apply()
    with host.connect("h-vasyl", key) as transport:
        assert transport.read_files(["FORMAT"], max_bytes=100)
    host.central("revoke", "h-vasyl")


def test_a_long_id_has_an_account_too(host):
    hub_id = "h-" + "dovha-nazva-" * 4 + "1"
    made = host.folder / "hub-config.txt"
    address = host.central("card", "Довга назва", "--hub-id", hub_id, "--code", "77", "-o", made)["depot"]
    account = address.removeprefix("sftp://").partition("@")[0]
    assert len(account) <= 32
    assert host.run("id", "--name", "--user", account).strip() == account


def sync(folder: Path, *options: object):
    return run("hub", "--dir", folder, "sync", "--no-neighbours", "--json", *options)


def known_keys(folder: Path):
    return [line.split()[1] for line in (folder / "keys/depot_host_keys").read_text().splitlines()]


def test_the_host_key_changes_and_hubs_that_were_told_never_notice(host):
    told, missed = host.add_hub("h-told"), host.add_hub("h-missed")
    card = (missed / "keys/depot_host_keys").read_text()
    (missed / "keys/depot_host_keys").write_text(card.splitlines()[0] + "\n")  # it knows the present one only
    assert sync(told).code == 0
    host.central("ingest")  # of what it told, the acks are for it alone
    with connect(host, A) as transport, pytest.raises(Error):
        transport.read_files(["acks/h-told"], max_bytes=10_000)
    before = [key["fingerprint"] for key in host.central("host-keys", "list")["host_keys"]]
    assert len(before) == 2
    rotated = host.central("host-keys", "rotate", "--yes")
    assert (rotated["former"], rotated["shown"]) == tuple(before)
    host.wait_for_server()
    again = sync(told)
    assert (again.code, again.json["reports"]["acked"] > 0) == (0, True)
    assert known_keys(told) == [line.split()[1] for line in host.host_keys()], "and it knows the next one now"
    assert host.central("host-keys", "rotate", code=64)  # nobody has told anything since

    lost = sync(missed)
    assert lost.code == 77
    assert "host-key-changed" in lost.err
    assert "stick" in lost.err
    host.run(CENTRAL, "--dir", host.office, "usb", host.folder / "stick", "--hub", "h-missed")
    assert sync(missed, "--from", host.folder / "stick").code == 0
    assert sync(missed).code == 0
    assert host.central("sshd-config", "--check")["faults"] == []


def test_an_office_that_is_no_root_is_followed_by_who_is(tmp_path):
    """As `hub-accounts.path` does: the office's account enrols, root's job makes it so."""
    with DepotHost(tmp_path, office=Path("/var/lib/central")) as host:
        host.run("useradd", "--system", "central")
        host.run("chown", "-R", "central:central", host.office)
        host.apply("--port", host.port, "--inbox-mib", 0, code=74)
        host.start()
        assert host.run("stat", "--format=%U", host.office / "depot/tuf/timestamp.json") == "central\n"
        key = host.folder / "key"
        public = host.make_key(key)
        as_office = ("runuser", "-u", "central", "--", CENTRAL, "--dir", host.office)
        host.run("sh", "-c", f"echo {public} > /run/key.pub")
        host.run(*as_office, "enrol", A, "/run/key.pub", "--school", "Школа")
        with pytest.raises(Error):
            host.connect(A, key)
        assert host.apply("--accounts-only")["left"] == []
        with host.connect(A, key) as transport:
            transport.write_files(f"inbox/{A}", {NAME: REPORT})
            host.run(*as_office, "ingest")
            assert transport.read_files([f"inbox/{A}/{NAME}"], max_bytes=100) == [None]
            host.run(*as_office, "revoke", A)
            host.apply("--accounts-only")
            with pytest.raises(LinkError):
                transport.read_files(["FORMAT"], max_bytes=100)

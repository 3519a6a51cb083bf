"""From an empty card to an enrolled hub: by its token over a real sshd, and without a link."""

import json
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from content_packs.durable import write_durably
from content_packs.enrolment import private_text, public_text, token_key
from hub.settings import read_settings
from provisioning.central.ssh_keys import TOKEN_REQUESTS, authorized_line
from support.road import must, run
from support.sshd import Sshd

BIN = Path(sys.executable).parent
HUB = "h-school-5"
SCHOOL = "Ліцей «Промінь» с. Вишневе"


class Way:
    """An office behind a real sshd that lets in whom the office's own hub-keys name, and one card."""

    def __init__(self, folder):
        self.folder, self.central = folder, folder / "central"
        must("central", "init", self.central)
        keys = self.central / "hub-keys" / HUB
        self.sshd = Sshd(folder / "sshd", self.central / "depot", options=(f"AuthorizedKeysFile {keys}",))
        self.sshd.start()
        (folder / "host.pub").write_text("\n".join(self.sshd.host_keys) + "\n")
        self.new_card("card")

    def office(self, *words):
        return must("central", "--dir", self.central, *words)

    def make_config(self, *more):
        return self.office(
            *("card", SCHOOL, "--hub-id", HUB, "-o", self.folder / "hub-config.txt", "--json"),
            *("--depot", self.sshd.url(), "--host-key", self.folder / "host.pub", *more),
        ).json

    def restart_sshd(self, key, requests):
        """Let one key in, as far as its own line goes, by an sshd that forces nothing itself."""
        keys = self.folder / "authorized_keys"
        keys.write_text(authorized_line(HUB, public_text(key), until=self.tomorrow, requests=requests))
        port = self.sshd.port
        self.sshd.stop()
        options = (f"AuthorizedKeysFile {keys}", "ForceCommand none")
        self.sshd = Sshd(self.folder / "sshd", self.central / "depot", options=options, port=port)
        self.sshd.start()

    @property
    def tomorrow(self):
        return datetime.now(UTC) + timedelta(days=1)

    def sftp(self, key, line):
        words = ["sftp", "-b", "-", *self._options(key, "-P"), f"{self.sshd.user}@127.0.0.1"]
        return subprocess.run(words, input=f"{line}\n".encode(), capture_output=True, timeout=30)

    def ssh(self, key, command):
        words = ["ssh", *self._options(key, "-p"), f"{self.sshd.user}@127.0.0.1", command]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)

    def _options(self, key, port):
        quiet = (
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "BatchMode=yes",
        )
        return (*quiet, "-i", str(key), port, str(self.sshd.port))

    def new_card(self, name):
        self.card = self.folder / name
        for part in ("root/etc", "fat", "data"):
            (self.card / part).mkdir(parents=True)

    def boot(self):
        data = (self.folder / "hub-config.txt").read_bytes()
        (self.card / "fat" / "hub-config.txt").write_bytes(data)
        places = [
            f"--{part}={self.card / place}"
            for part, place in (("root", "root"), ("boot", "fat"), ("data", "data"))
        ]
        return must("hub", "card", "boot", *places, "--json").json

    @property
    def hub(self):
        return self.card / "data" / "hub"

    def sync(self):
        return run("hub", "--dir", self.hub, "sync", "--no-neighbours")

    def pending(self):
        return self.office("enrol", "--pending", "--json").json["pending"]


@pytest.fixture
def way(tmp_path):
    way = Way(tmp_path)
    yield way
    way.sshd.stop()


def test_a_card_enrols_itself_and_the_office_approves_its_key(way):
    way.make_config()
    assert way.boot()["hub_id"] == HUB
    assert [(each["hub_id"], each["fingerprint"]) for each in way.pending()] == [(HUB, None)]
    refused = way.sync()
    assert refused.code == 77
    (asked,) = way.pending()
    assert f"central enrol {HUB} --approve {asked['fingerprint']}" in refused.err
    status = (way.card / "fat/hub-status.txt").read_text(encoding="utf-8-sig")
    assert asked["fingerprint"] in status
    assert way.sync().code == 77, "asking twice changes nothing"
    assert len(way.pending()) == 1
    wrong = run("central", "--dir", way.central, "enrol", HUB, "--approve", "AAAA-AAAA")
    assert (wrong.code, asked["fingerprint"] in wrong.err) == (64, True)
    enrolled = way.office("enrol", HUB, "--approve", asked["fingerprint"], "--json").json
    assert (enrolled["school"], enrolled["ring"]) == (SCHOOL, "all")
    assert way.sync().code == 0
    assert way.pending() == []
    assert not (way.hub / "keys/enrol-token").exists()
    assert not list((way.central / "depot/inbox" / HUB).glob("enrol-*"))
    assert way.office("ingest", "--json").json


def test_a_spent_token_lets_nobody_in(way):
    way.make_config()
    way.boot()
    way.sync()
    way.office("enrol", HUB, "--approve", way.pending()[0]["fingerprint"])
    way.new_card("stolen copy of the file")
    way.boot()
    refused = way.sync()
    assert refused.code == 77
    assert "expired, or was used" in refused.err
    assert way.pending() == []


def test_a_token_ends_by_itself(way, monkeypatch):
    way.make_config()
    keys = way.central / "hub-keys" / HUB
    line = keys.read_text()
    assert 'restrict,expiry-time="' in line
    keys.write_text(
        line.partition('expiry-time="')[0] + 'expiry-time="202001010000" ' + line.partition('" ')[2]
    )
    way.boot()
    assert "expired, or was used" in way.sync().err


def test_the_key_of_a_token_leaves_a_request_and_does_nothing_else(way, tmp_path):
    """As its line in authorized_keys says, where sshd's own configuration forces no other command."""
    told = way.make_config()
    way.boot()
    token = token_key((way.hub / "keys/enrol-token").read_text())
    way.restart_sshd(token, TOKEN_REQUESTS)
    assert way.sync().code == 77
    assert [each["hub_id"] for each in way.pending()] == [told["hub_id"]]
    key = tmp_path / "token"
    write_durably(key, private_text(token), mode=0o600)
    depot, inbox = way.central / "depot", way.central / "depot/inbox" / HUB
    secret = next(inbox.glob("enrol-*"))
    tries = [
        f"get {depot}/FORMAT {tmp_path}/got",
        f"get {secret} {tmp_path}/got",
        f"ls {depot}",
        f"ls {inbox}",
        f"rm {secret}",
        f"mkdir {inbox}/x",
        f"chmod 777 {secret}",
        f"rename {secret} {inbox}/other",
        f"ln -s /etc/passwd {inbox}/link",
    ]
    for line in tries:
        assert way.sftp(key, line).returncode != 0, line
    assert not (tmp_path / "got").exists() or not (tmp_path / "got").read_bytes()
    assert [path.name for path in inbox.iterdir()] == [secret.name]
    assert b"Permission denied" in way.sftp(key, tries[0]).stderr
    assert way.ssh(key, "id").returncode != 0
    assert b"uid=" not in way.ssh(key, "id").stdout


def test_a_replaced_hub_keeps_its_place_and_its_former_card_is_out_at_once(way):
    way.make_config("--ring", "pilot")
    way.boot()
    way.sync()
    way.office("enrol", HUB, "--approve", way.pending()[0]["fingerprint"])
    assert way.sync().code == 0
    first = way.hub
    told = way.office("replace", HUB, "-o", way.folder / "hub-config.txt", "--json").json
    assert (told["hub_id"], told["school"], told["ring"]) == (HUB, SCHOOL, "pilot")
    assert run("hub", "--dir", first, "sync", "--no-neighbours").code == 77
    (hub,) = way.office("hubs", "--json").json["hubs"]
    assert (hub["public_key"], hub["revoked_at"]) == ("", None)
    assert hub["replaced_at"]
    way.new_card("second")
    way.boot()
    assert way.sync().code == 77
    (asked,) = way.pending()
    assert asked["asked_at"]
    enrolled = way.office(
        "enrol", HUB, "--approve", asked["fingerprint"].lower().replace("-", ""), "--json"
    ).json
    assert enrolled["ring"] == "pilot"
    assert way.sync().code == 0
    assert run("hub", "--dir", first, "sync", "--no-neighbours").code == 77


def test_what_a_hub_s_qr_code_says_enrols_it_too(way):
    way.make_config()
    way.boot()
    text = (way.card / "fat/hub-status.txt").read_bytes().decode("utf-8-sig")
    block = text[text.index("--- classroom-hub") : text.index("--- end ---") + 11].replace("\r\n", "\n")
    words = ["central", "--dir", str(way.central), "enrol", "--from-status", "-", "--json"]
    done = subprocess.run([BIN / words[0], *words[1:]], input=block.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["hub_id"] == HUB
    assert way.sync().code == 0


def test_a_card_made_anew_takes_the_place_of_the_broken_one(way):
    way.make_config()
    way.boot()
    way.sync()
    way.office("enrol", HUB, "--approve", way.pending()[0]["fingerprint"])
    first = way.hub
    assert way.sync().code == 0
    again = way.office("card", SCHOOL, "-o", way.folder / "hub-config.txt", "--json").json
    assert again["hub_id"] == HUB, "the same school, the same hub"
    way.new_card("second")
    way.boot()
    assert way.sync().code == 77
    way.office("enrol", HUB, "--approve", way.pending()[0]["fingerprint"])
    assert way.sync().code == 0
    assert run("hub", "--dir", first, "sync", "--no-neighbours").code == 77


def test_a_school_without_a_link_is_enrolled_by_its_status_file(way):
    way.make_config()
    way.boot()
    status = way.card / "fat/hub-status.txt"
    enrolled = way.office("enrol", "--from-status", status, "--json").json
    assert (enrolled["hub_id"], enrolled["school"]) == (HUB, SCHOOL)
    assert enrolled["fingerprint"] in status.read_text(encoding="utf-8-sig")
    assert way.sync().code == 0
    assert way.pending() == []


def test_a_status_file_that_somebody_changed_is_refused(way):
    way.make_config()
    way.boot()
    status = way.card / "fat/hub-status.txt"
    text = status.read_text(encoding="utf-8-sig")
    status.write_text(text.replace("AAAAC3NzaC1lZDI1NTE5AAAAI", "AAAAC3NzaC1lZDI1NTE5AAAAJ"))
    refused = run("central", "--dir", way.central, "enrol", "--from-status", status)
    assert refused.code == 65
    assert "fingerprint" in refused.err


def test_the_file_of_a_card_is_toml_that_says_all_a_hub_needs(way):
    told = way.make_config()
    values = tomllib.loads((way.folder / "hub-config.txt").read_text(encoding="utf-8"))
    assert values["central"]["hub_id"] == told["hub_id"] == HUB
    assert values["central"]["address"] == told["depot"] == way.sshd.url()
    assert len(values["central"]["host_keys"]) == 2
    assert values["school_name"] == SCHOOL
    assert (way.folder / "hub-config.txt").stat().st_mode & 0o777 == 0o600
    settings = read_settings_of(way)
    assert settings.depot_url == way.sshd.url()


def read_settings_of(way):
    from hub.settings import HubPaths

    way.boot()
    return read_settings(HubPaths(way.hub))

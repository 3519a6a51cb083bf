"""`hub card boot`: one card, many boots, and what goes wrong in between (faults 4, 30; acceptance 6, 7)."""

import json
import os
import shutil
import tomllib
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from hub.card.boot import Others, boot
from hub.card.places import CardPlaces
from hub.card.school import read_last_good
from hub.cli import cli
from hub.identity import read_root
from hub.network.lan import Lan
from hub.school import read_config, to_file, write_config
from hub.school.root import pack_root
from hub.school.statusblock import parse_block
from hub.settings import read_settings
from support.disks import fill, small_disk
from support.school_config import CORPUS, make_school, office_part

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Card:
    """A card without a machine: three folders, and the passwords that its portal was told."""

    def __init__(self, folder):
        self.places = CardPlaces(folder / "root", folder / "fat", folder / "data")
        for each in (self.places.etc, self.places.boot, self.places.data):
            each.mkdir(parents=True)
        self.passwords = []
        self.networks = []

    def write(self, config, name="hub-config.txt"):
        (self.places.boot / name).write_bytes(
            config if isinstance(config, bytes) else to_file(write_config(config))
        )

    def boot(self):
        others = Others(
            apply_network=lambda _, config: self.networks.append(config) or [str(Lan().hub)],
            set_first_password=lambda _, password: self.passwords.append(password),
        )
        return boot(self.places, others, now=NOW)

    def read(self, name="hub-config.txt"):
        return (self.places.boot / name).read_bytes().decode()

    def status(self):
        return (self.places.boot / "hub-status.txt").read_text(encoding="utf-8-sig")


@pytest.fixture
def card(tmp_path):
    return Card(tmp_path)


def bytes_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_one_file_makes_the_hub_of_a_school(card):
    school = make_school(central=office_part("h-5"))
    card.write(school)
    done = card.boot()
    assert done.problems == []
    settings = read_settings(card.places.hub)
    assert (settings.hub_id, settings.depot_url) == ("h-5", school.central.address)
    assert (settings.portal.name, settings.portal.language) == (school.school_name, "uk")
    assert settings.door.enabled
    assert settings.door.hub_name == "hub.lan"
    assert not settings.refused + settings.unknown
    assert read_root(card.places.hub)
    assert card.networks[-1].wifi.password == school.wifi.password
    assert (card.places.etc / "hostname").read_text() == "hub-12345678\n"
    assert (card.places.etc / "localtime").readlink().name == "Kyiv"


def test_a_second_boot_changes_nothing(card):
    card.write(make_school(central=office_part("h-5")))
    card.boot()
    before = bytes_of(card.places.data) | bytes_of(card.places.boot)
    done = card.boot()
    left = bytes_of(card.places.data) | bytes_of(card.places.boot)
    assert {path.name for path in left if left[path] != before.get(path)} == {"hub-status.txt"}, (
        "the key is old now"
    )
    assert not done.secrets_removed
    assert not card.boot().status_written


def test_a_full_disk_starts_as_ever(card):
    with small_disk(card.places.data, size_kb=8 * 1024) as data:
        card.write(make_school(central=office_part("h-5")))
        card.boot()
        fill(data, spare_kb=0)
        done = card.boot()
    assert done.problems == []
    assert done.hub is not None
    assert done.hub.hub_id == "h-5"


def test_no_secret_stays_on_the_card_and_the_hub_goes_on_using_them(card):
    school = make_school(
        technician_password="дуже довгий пароль",
        central=replace(office_part("h-5"), enrol_token="-".join(["ab2c"] * 8)),
    )
    card.write(school)
    assert card.boot().secrets_removed
    for secret in ("дуже довгий", school.wifi.password, "ab2c"):
        assert secret not in card.read()
    assert card.passwords == ["дуже довгий пароль"]
    token = card.places.hub.key.with_name("enrol-token")
    assert (token.read_text().strip(), token.stat().st_mode & 0o777) == (school.central.enrol_token, 0o600)
    assert card.boot().problems == []
    assert card.networks[-1].wifi == school.wifi
    assert card.passwords == ["дуже довгий пароль"]
    assert "дуже" not in card.places.school.read_text()
    assert card.places.school.stat().st_mode & 0o777 == 0o600


def test_a_password_that_nobody_took_stays_on_the_card(card):
    card.write(make_school(technician_password="дуже довгий пароль"))
    boot(card.places, Others(), now=NOW)
    assert "дуже довгий пароль" in card.read()


def test_a_card_with_errors_boots_as_before_and_says_where(card):
    card.write(make_school())
    card.boot()
    card.write(card.read().replace('language = "uk"', 'language = "uk"\r\nlanguage2 = "en"').encode())
    done = card.boot()
    assert done.chosen.source == "last-good"
    assert card.networks[-1] == make_school()
    line = card.read().split("\r\n").index('language2 = "en"') + 1
    assert f"Рядок {line}: Хаб не знає назви language2. Можливо, малося на увазі language?" in card.status()


@pytest.mark.parametrize("data", [None, b"", b"\0" * 4096, b"\xff\xfe\x00", b"hello"], ids=repr)
def test_a_card_without_a_usable_file_is_reachable(card, data):
    if data is not None:
        card.write(data)
    done = card.boot()
    assert (done.chosen.source, done.problems) == ("default", [])
    machine_id = card.places.machine_id.read_text()
    assert card.networks[-1].wifi.ssid == f"HUB-SETUP-{machine_id[:4].upper()}"
    assert card.networks[-1].wifi.password == ""
    assert card.networks[-1].wifi.ssid in card.status()
    assert "http://hub.lan/start" in card.status()
    assert read_last_good(card.places) is None
    assert read_settings(card.places.hub).door.enabled


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_every_file_of_the_corpus_boots(card, name):
    """Acceptance test 6: the portal has its settings, and the card says what is wrong with it."""
    card.write(make_school())
    card.boot()
    errors = read_config(CORPUS[name]).errors
    card.write(CORPUS[name])
    done = card.boot()
    assert done.problems == []
    assert done.chosen.source == (
        "last-good" if done.chosen.findings and errors and not _only_secret(errors) else "card"
    )
    assert read_settings(card.places.hub).portal.name
    for finding in done.chosen.findings:
        assert finding.text("uk") in card.status()


def _only_secret(errors):
    return all(error.code == "missing-secret" for error in errors)


def test_the_windows_name_is_read_and_told(card):
    card.write(make_school(), "hub-config.txt.txt")
    assert card.boot().chosen.source == "card"
    assert "hub-config.txt.txt" in card.status()


@pytest.mark.parametrize(
    ("mode", "words"), [("external-ap", "точка доступу"), ("off", "не роздає"), ("builtin", "School")]
)
def test_the_status_says_in_words_who_makes_the_wi_fi(card, mode, words):
    school = make_school()
    card.write(replace(school, wifi=replace(school.wifi, mode=mode, ssid="School")))
    card.boot()
    assert words in card.status().partition("Wi-Fi: ")[2].partition("\n")[0]


def test_two_cards_of_one_image_are_two_hubs(tmp_path):
    made = []
    for name in ("one", "two"):
        card = Card(tmp_path / name)
        (card.places.etc / "ssh").mkdir()
        (card.places.etc / "ssh" / "sshd_config").write_text("")
        card.boot()
        made.append(card)
    for path in (
        "root/etc/machine-id",
        "root/etc/ssh/ssh_host_ed25519_key",
        "data/hub/keys/id_ed25519",
        "data/card/label-code",
    ):
        one, two = ((tmp_path / name / path).read_bytes() for name in ("one", "two"))
        assert one != two, path
    assert read_settings(made[0].places.hub).hub_id != read_settings(made[1].places.hub).hub_id


def test_a_card_without_sshd_has_no_host_key(card):
    card.boot()
    assert not card.places.ssh.exists()


IDENTITY = (
    "card/machine-id",
    "card/ssh/ssh_host_ed25519_key",
    "card/label-code",
    "hub/keys/id_ed25519",
    "card/school.toml",
)


@pytest.mark.parametrize("spoil", [b"", b"\0" * 300, "half"], ids=["empty", "zeros", "half"])
@pytest.mark.parametrize("path", IDENTITY)
def test_what_a_power_cut_spoiled_comes_back_from_its_copy(card, path, spoil):
    (card.places.etc / "ssh").mkdir()
    (card.places.etc / "ssh" / "sshd_config").write_text("")
    card.write(make_school())
    card.boot()
    file = card.places.data / path
    before = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(before[: len(before) // 2] if spoil == "half" else spoil)
    assert card.boot().problems == []
    assert file.read_bytes() == before


@pytest.mark.parametrize("spoil", [b"", b"\0" * 300, "half"], ids=["empty", "zeros", "half"])
def test_an_identity_spoiled_with_its_copies_is_made_again(card, spoil):
    (card.places.etc / "ssh").mkdir()
    (card.places.etc / "ssh" / "sshd_config").write_text("")
    card.write(make_school())
    card.boot()
    hub_id = read_settings(card.places.hub).hub_id
    for path in IDENTITY:
        for file in (
            card.places.data / path,
            card.places.data / path.replace("card/", "card/spare/").replace("hub/keys", "hub/spare"),
        ):
            data = file.read_bytes()
            file.chmod(0o600)
            file.write_bytes(data[: len(data) // 2] if spoil == "half" else spoil)
    done = card.boot()
    assert done.hub.is_new_key
    assert done.hub.hub_id == hub_id, "it is the same hub for the office, which has to approve its new key"
    assert len((card.places.etc / "machine-id").read_text().strip()) == 32
    assert b"PRIVATE KEY" in (card.places.etc / "ssh" / "ssh_host_ed25519_key").read_bytes()
    assert "створено щойно" in card.status()


def test_the_status_file_carries_what_the_office_needs(card):
    card.write(make_school(central=office_part("h-5")))
    done = card.boot()
    block = parse_block((card.places.boot / "hub-status.txt").read_bytes())
    assert (block.hub_id, block.public_key) == ("h-5", done.hub.public_key)
    assert (block.school_code, block.school_name) == ("12345678", make_school().school_name)
    assert done.label_code in card.status()


def test_the_status_file_says_what_to_type_into_a_browser(card):
    card.write(make_school())
    card.boot()
    assert {"http://hub.lan/", "http://10.83.16.1/"} <= set(card.status().split())


def test_a_wrong_root_is_told_and_the_rest_works(card):
    card.write(make_school(central=replace(office_part("h-5"), root=pack_root(b"{}"))))
    done = card.boot()
    assert len(done.problems) == 1
    assert "root" in done.problems[0]
    assert done.problems[0] in card.status()
    assert card.networks
    assert card.boot().problems


def test_settings_that_a_page_changed_stay(card):
    card.write(make_school(central=office_part("h-5")))
    card.boot()
    settings = card.places.hub.settings
    settings.write_text(settings.read_text() + '\n[sync]\nquiet_hours = "08:00-15:00"\n')
    card.write(card.read().replace("Вишневе", "Вишневе-2").encode())
    card.boot()
    read = read_settings(card.places.hub)
    assert read.sync.quiet_hours == "08:00-15:00"
    assert read.portal.name.endswith("Вишневе-2")


def test_host_keys_that_the_office_rotated_stay(card):
    card.write(make_school(central=office_part("h-5")))
    card.boot()
    rotated = card.places.hub.host_keys.read_text().replace(" depot", " depot-next")
    card.places.hub.host_keys.write_text(rotated)
    card.boot()
    assert card.places.hub.host_keys.read_text() == rotated


def test_a_data_partition_that_refuses_does_not_stop_the_boot(card):
    card.places.data.rmdir()
    card.places.data.write_text("no folder")
    card.write(make_school())
    done = card.boot()
    assert done.problems
    assert card.networks, "the network is there all the same"
    assert "Не вдалося" in card.status()
    assert make_school().wifi.password in card.read(), "not kept, so not taken off"


def test_the_command_prints_what_it_did(card):
    card.write(make_school())
    places = card.places
    words = ["card", "boot", "--root", places.root, "--boot", places.boot, "--data", places.data, "--json"]
    done = CliRunner().invoke(cli, list(map(str, words)))
    told = json.loads(done.stdout)
    assert (done.exit_code, told["config"], told["hostname"]) == (0, "card", "hub-12345678")
    checked = CliRunner().invoke(
        cli, ["card", "check-config", str(places.boot), "--json"], standalone_mode=False
    )
    assert json.loads(checked.stdout)["usable"] is False, "its password is in the hub now"
    assert checked.return_value == 65


@pytest.mark.parametrize(
    "spoilt",
    ["Стан хаба".encode("utf-16"), "Стан хаба".encode("cp1251"), b"\x00" * 4096, b"\xff\xfe\x00\xd8"],
    ids=["utf-16", "ansi", "zeros", "half"],
)
def test_a_status_file_that_notepad_saved_otherwise_is_written_anew(card, spoilt):
    card.write(make_school())
    card.boot()
    card.places.status.write_bytes(spoilt)

    assert card.boot().problems == []
    assert parse_block(card.places.status.read_bytes()).school_code == "12345678"


def test_what_nobody_foresaw_leaves_the_class_its_network(card):
    """A boot that ends in the middle is a school without Wi-Fi, and nobody there reads a traceback."""
    card.write(make_school())

    def fail(_):
        raise RecursionError("too deep")

    networks = []
    others = Others(
        apply_network=lambda _, config: networks.append(config) or [],
        set_first_password=lambda _, __: None,
        read_last_sync=fail,
    )
    card.places.hub.dir.mkdir(parents=True)
    card.places.hub.db.touch()
    done = boot(card.places, others, now=NOW)

    assert len(networks) == 1
    assert done.problems == ["last sync: RecursionError: too deep"]
    assert "RecursionError" in card.status()


@pytest.mark.parametrize(
    "line",
    [
        "days = [2026-09-01, 2026-12-31]",
        "at = [07:30:00]",
        '"odd key" = 1',
        "far = inf",
        "deep = { a = { b = [1, 2], c = {} } }",
        "many = [{ a = 1 }, { a = 2 }]",
        'sign = "a\\u007fb"',
        "when = 2026-09-01T08:00:00+03:00",
    ],
)
def test_what_a_person_wrote_into_hub_toml_keeps_its_meaning(card, line):
    card.write(make_school())
    card.boot()
    path = card.places.hub.settings
    path.write_text(f"{line}\n{path.read_text()}\n[mine]\n{line}\n")
    told = tomllib.loads(path.read_text())
    card.write(make_school(school_name="Інша назва"))

    assert card.boot().problems == []
    now = tomllib.loads(path.read_text())
    assert now["portal"]["name"] == "Інша назва"
    assert {key: now[key] for key in told if key != "portal"} == {
        key: told[key] for key in told if key != "portal"
    }


@pytest.mark.timeout(60)  # all of /proc is looked through else, at each start
@pytest.mark.parametrize("name", ["keys", "trust", "spare"])
def test_a_link_in_the_place_of_a_folder_does_not_keep_the_boot_busy(card, tmp_path, name):
    card.write(make_school(central=office_part("h-5")))
    card.boot()
    pipe = tmp_path / "elsewhere" / "pipe"
    pipe.parent.mkdir()
    os.mkfifo(pipe)
    folder = card.places.hub.dir / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.symlink_to(pipe.parent)
    done = card.boot()

    assert done.problems == [f"{name}: was no file, and was removed"]
    assert done.hub is not None
    assert not folder.is_symlink()
    assert pipe.exists()


@pytest.mark.timeout(30)  # what opens a pipe waits for ever
def test_a_pipe_where_a_file_should_be_does_not_stop_the_boot(card):
    """Whoever took the portal over may put anything into its folder."""
    card.write(make_school())
    card.boot()
    paths = card.places.hub
    elsewhere = paths.dir / "packs" / "pipe"
    elsewhere.parent.mkdir(exist_ok=True)
    os.mkfifo(elsewhere)
    for path in (paths.settings, paths.key, paths.root, paths.trust / "clock-floor", paths.lock("accounts")):
        path.unlink(missing_ok=True)
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    paths.host_keys.unlink(missing_ok=True)
    paths.host_keys.symlink_to(elsewhere)
    done = card.boot()

    assert [problem.partition(":")[0] for problem in done.problems] == [
        *("hub.toml", "keys/depot_host_keys", "keys/id_ed25519", "locks/accounts"),
        *("trust/clock-floor", "trust/hub-root.json"),
    ]
    assert done.hub is not None
    assert paths.key.is_file()

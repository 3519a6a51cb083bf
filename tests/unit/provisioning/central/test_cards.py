"""Cards of the office: who gets which id and token, and what a stranger can do with an inbox."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from content_packs import depot
from content_packs.enrolment import Request, encode_request, make_token, public_text, token_key
from content_packs.errors import UsageError
from hub.school.statusblock import short_fingerprint
from provisioning.central import cards, requests
from provisioning.central.cli import cli
from provisioning.central.enrol import enrol, give_up_card, revoke
from provisioning.central.fleet import open_fleet
from provisioning.central.hub_ids import new_hub_id
from provisioning.central.release import change
from provisioning.central.sshd.names import account_of
from support.office import OfficeAtWork, new_key

DEPOT = "sftp://depot.example/"


class Desk:
    """Does what `central card` and `central enrol` do."""

    def __init__(self, folder):
        work = OfficeAtWork.found(folder / "central")
        self.office, self.now = work.office, work.now
        self.change(lambda fleet: cards.remember_depot(fleet, DEPOT, [new_key()]))

    def change(self, edit, *, now=None):
        return change(self.office, edit, doing="test", now=now or self.now)[0]

    def card(self, school, *, hub_id=None, code=None, now=None):
        def edit(fleet):
            made = cards.plan_card(fleet, school, code=code, hub_id=hub_id, ring=None, now=self.now)
            fleet.save_card(made[0])
            return made

        return self.change(edit, now=now)

    def ask(self, hub_id, token, key, *, inbox=None):
        name, data = encode_request(Request(hub_id, key, "Школа"), token)
        (self.office.depot / depot.inbox_dir(inbox or hub_id) / name).write_bytes(data)

    def pending(self):
        with open_fleet(self.office.fleet_db) as fleet:
            return requests.list_pending(self.office, fleet)

    def keys(self, hub_id):
        path = self.office.hub_keys / hub_id
        return path.read_text() if path.exists() else ""


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_school_keeps_its_id_and_the_token_before_ends(desk):
    first, _ = desk.card("Школа № 1")
    again, _ = desk.card("Школа № 1")
    assert again.hub_id == first.hub_id
    assert again.token_key in desk.keys(first.hub_id)
    assert first.token_key not in desk.keys(first.hub_id)
    by_id, _ = desk.card(first.hub_id)
    assert (by_id.hub_id, by_id.school) == (first.hub_id, "Школа № 1")


def test_a_code_makes_a_telling_id(desk):
    assert desk.card("12345678")[0].hub_id == "h-12345678"


@pytest.mark.parametrize(
    ("school", "hub_id"),
    [
        ("Школа № 1", "h-shkola-1"),
        ("Ліцей «Ґрона» ім. Ю. Їжакевича", "h-litsei-grona-im-yu"),
        ("Згурівська Юр’ївська гімназія", "h-zghurivska-yurivska"),
        ("Școala Nouă", "h-scoala-noua"),
        ("Általános Iskola", "h-altalanos-iskola"),
        ("Szkoła Łódź", "h-szkola-lodz"),
        ("学校", "h-school"),
        ("№ 5", "h-school-5"),
    ],
)
def test_the_id_of_a_new_hub_is_its_school_in_latin_letters(desk, school, hub_id):
    assert desk.card(school)[0].hub_id == hub_id
    assert hub_id.startswith("h-")
    account = account_of(new_hub_id(school, {hub_id}))
    assert account == f"hub-{hub_id}-2", "short enough for the plain name, with a number too"


def test_no_id_is_given_twice(desk):
    first, _ = desk.card("Школа")
    desk.change(lambda fleet: enrol(fleet, first.hub_id, new_key(), school="Школа", ring=None, now=desk.now))
    desk.change(lambda fleet: revoke(fleet, first.hub_id, now=desk.now))
    assert desk.card("Школа")[0].hub_id == "h-shkola-2"


@pytest.mark.parametrize("typed", ["школа №1", "ШКОЛА  № 1 ", "Школа «№ 1»", "1234", "h-shkola-1"])
@pytest.mark.parametrize("is_enrolled", [False, True])
def test_a_school_is_known_again_however_it_is_typed(desk, typed, is_enrolled):
    made, token = desk.card("Школа № 1", code="1234")
    if is_enrolled:
        key = new_key()
        desk.ask(made.hub_id, token, key)
        shown = short_fingerprint(key)
        desk.change(lambda fleet: requests.approve(desk.office, fleet, made.hub_id, shown, now=desk.now))
    again, _ = desk.card(typed)
    assert (again.hub_id, again.school, again.school_code) == (made.hub_id, made.school, "1234")
    with open_fleet(desk.office.fleet_db) as fleet:
        assert cards.find_id(fleet, "1234", "Школа № 1") == made.hub_id, "as a list of schools has it"


@pytest.mark.parametrize("typed", ["h-99", ""])
def test_what_is_no_school_makes_none(desk, typed):
    desk.change(lambda fleet: enrol(fleet, "h-1", new_key(), school="Школа", ring=None, now=desk.now))
    with pytest.raises(UsageError):
        desk.card(typed)


def test_whose_place_a_card_takes_is_said(desk, tmp_path):
    def type_(words):
        given = ["--dir", str(desk.office.dir), *words.split(), "-o", str(tmp_path / "hub-config.txt")]
        return CliRunner().invoke(cli, given, catch_exceptions=False).stdout.splitlines()[1:]

    assert type_("card Школа") == ["  a new hub, in the ring all"]
    waiting = type_("card школа --hub-id h-shkola")
    assert [line.partition(" since ")[0] for line in waiting] == [
        "  the hub that has waited",
        "  until now it stood in 'Школа'",
    ]
    assert type_("card школа --hub-id h-2")[1] == "  this school has other hubs too: h-shkola"
    desk.change(lambda fleet: enrol(fleet, "h-2", new_key(), school="школа", ring=None, now=desk.now))
    assert "its present card works until you approve the new one" in type_("card h-2")[0]
    assert type_("replace h-2")[0] == "  its former card is locked out"
    desk.change(lambda fleet: revoke(fleet, "h-2", now=desk.now))
    assert "it begins anew once you approve it" in type_("card школа --hub-id h-2")[0]


@pytest.mark.parametrize("words", ["card h-1", "replace h-1"])
def test_where_the_file_cannot_be_written_the_card_before_goes_on_working(desk, tmp_path, words):
    key = new_key()
    desk.change(lambda fleet: enrol(fleet, "h-1", key, school="Школа", ring=None, now=desk.now))
    desk.card("Школа")
    before = desk.keys("h-1")
    (tmp_path / "file").write_text("no folder")
    given = ["--dir", str(desk.office.dir), *words.split(), "-o", str(tmp_path / "file" / "hub-config.txt")]
    assert "writing" in str(CliRunner().invoke(cli, given).exception)
    desk.change(lambda _: None)
    assert desk.keys("h-1") == before
    assert key in before


def test_a_school_of_several_hubs_has_to_be_told_apart(desk):
    for hub_id in ("h-1", "h-2"):
        desk.card("Школа", hub_id=hub_id)
    with pytest.raises(UsageError, match="h-1, h-2"):
        desk.card("Школа")


def test_the_token_lets_in_beside_the_key_of_the_hub_until_it_ends(desk):
    own = new_key()
    desk.change(lambda fleet: enrol(fleet, "h-1", own, school="Школа", ring=None, now=desk.now))
    card, _ = desk.card("Школа")
    assert own in desk.keys("h-1")
    assert card.token_key in desk.keys("h-1")
    desk.change(lambda _: None, now=desk.now + timedelta(days=cards.TOKEN_DAYS + 1))
    assert own in desk.keys("h-1")
    assert card.token_key not in desk.keys("h-1")


def test_revoking_a_hub_ends_its_token_too(desk):
    desk.card("Школа", hub_id="h-1")
    desk.change(lambda fleet: enrol(fleet, "h-1", new_key(), school="Школа", ring=None, now=desk.now))
    desk.change(lambda fleet: revoke(fleet, "h-1", now=desk.now))
    assert desk.keys("h-1") == ""
    assert desk.pending() == []


def test_only_a_request_with_the_token_of_this_hub_counts(desk):
    _, token = desk.card("Школа", hub_id="h-1")
    _, other = desk.card("Інша", hub_id="h-2")
    key = new_key()
    desk.ask("h-1", other, new_key())
    desk.ask("h-2", token, new_key(), inbox="h-1")
    desk.ask("h-1", token, "ssh-dss AAAA")
    desk.ask("h-1", token, "\x1b[2J" + new_key())
    folder = desk.office.depot / depot.inbox_dir("h-1")
    (folder / "enrol-large").write_bytes(b"{" * 10_000)
    (folder / "enrol-deep").write_bytes(b"[" * 4000)
    (folder / "enrol-link").symlink_to("/etc/passwd")
    desk.ask("h-1", token, key)
    asked = [each for each in desk.pending() if each.card.hub_id == "h-1"]
    assert [each.public_key for each in asked] == [key]
    assert len(asked[0].refused) == 7
    assert "\x1b" not in "".join(asked[0].refused)
    with pytest.raises(UsageError, match=short_fingerprint(key)):
        desk.change(lambda fleet: requests.approve(desk.office, fleet, "h-1", "AAAA-AAAA", now=desk.now))
    hub = desk.change(
        lambda fleet: requests.approve(
            desk.office, fleet, "h-1", short_fingerprint(key).lower(), now=desk.now
        )
    )
    assert (hub.public_key, hub.school) == (key, "Школа")
    assert desk.keys("h-1").count("ssh-ed25519") == 1


def test_two_keys_of_one_fingerprint_are_not_told_apart_by_it(desk, monkeypatch):
    """Who stole a card has its token, and can look for a key whose forty bits are those of the true one."""
    _, token = desk.card("Школа", hub_id="h-1")
    monkeypatch.setattr(requests, "short_fingerprint", lambda _: "K7RM-4XQ9")
    desk.ask("h-1", token, new_key())
    desk.ask("h-1", token, new_key())

    with pytest.raises(UsageError, match="2 keys have the fingerprint"):
        desk.change(lambda fleet: requests.approve(desk.office, fleet, "h-1", "K7RM-4XQ9", now=desk.now))
    assert desk.keys("h-1").count("ssh-ed25519") == 1, "of the token alone"


def test_a_depot_on_the_web_has_no_token_since_nothing_can_be_left_there(desk):
    desk.change(lambda fleet: cards.remember_depot(fleet, "https://depot.example/x", []))
    card, token = desk.card("Школа", hub_id="h-1")
    with open_fleet(desk.office.fleet_db) as fleet:
        part = cards.central_part(desk.office, card, cards.find_depot(fleet), token)
    assert (part.address, part.host_keys, part.enrol_token) == ("https://depot.example/x", (), "")


@pytest.mark.parametrize("url", ["gopher://x/", "http://x/", "sftp://"])
def test_an_address_that_is_none_is_not_remembered(desk, url):
    with pytest.raises(UsageError):
        desk.change(lambda fleet: cards.remember_depot(fleet, url, []))
    with open_fleet(desk.office.fleet_db) as fleet:
        assert cards.find_depot(fleet).url == DEPOT


def test_a_token_gives_its_key_however_it_is_typed():
    token = make_token()
    assert public_text(token_key(token)) == public_text(token_key(token.upper().replace("-", "")))


def test_the_name_of_the_network_tells_nothing_of_the_label(desk, tmp_path):
    words = ["--dir", desk.office.dir, "card", "Школа", "-o", tmp_path / "hub-config.txt", "--json"]
    done = CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)
    told = json.loads(done.stdout)
    assert told["wifi"].startswith("School-Hub-")
    assert told["label_code"][:4] not in told["wifi"]


def test_the_label_to_print_holds_the_code_of_the_file_and_is_for_its_owner_alone(desk, tmp_path):
    page = tmp_path / "label.html"
    words = ["--dir", desk.office.dir, "card", "Школа", "-o", tmp_path / "c.txt", "--label", page, "--json"]
    rehearsal = CliRunner().invoke(cli, list(map(str, [*words, "--dry-run"])), catch_exceptions=False)
    assert json.loads(rehearsal.stdout)["label"] == str(page)
    assert not page.exists()
    told = json.loads(CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False).stdout)
    assert told["label_code"] in page.read_text(encoding="utf-8")
    assert told["label_code"] in (tmp_path / "c.txt").read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600


def test_a_card_that_has_never_started_is_made_anew_and_not_replaced(desk):
    desk.card("Школа", hub_id="h-1")
    with pytest.raises(UsageError, match="no hub h-1 is enrolled") as raised:
        desk.change(lambda fleet: give_up_card(fleet, "h-1", now=desk.now))
    assert "central card h-1 -o" in raised.value.hint

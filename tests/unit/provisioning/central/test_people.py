from datetime import timedelta

import pytest

from content_packs.errors import UsageError
from provisioning.central.people import (
    add_person,
    find_by_name,
    list_people,
    make_link,
    remove_person,
    set_password,
    set_role,
    sign_in,
    use_link,
)
from support.office import NOW, OfficeAtWork

PASSWORD = "three red horses"


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    return OfficeAtWork.found(tmp_path_factory.mktemp("people") / "office")


@pytest.fixture
def office(founded, tmp_path):
    return founded.copy(tmp_path / "office").office


def enter(office, name="olena", password=PASSWORD, *, after_s=0.0, address="10.0.0.1"):
    return sign_in(office, name, password, address=address, now=NOW + timedelta(seconds=after_s))


def test_nobody_may_sign_in_at_first_and_nothing_is_made_by_looking(office):
    assert list_people(office) == ()
    assert not office.people_db.exists()


def test_a_person_signs_in_by_name_and_password(office):
    add_person(office, " Olena ", role="publisher", password=PASSWORD, now=NOW)
    person = enter(office, "OLENA").person
    assert person and person.may("viewer") and person.may("publisher") and not person.may("admin")
    assert enter(office, password="three red hares").person is None
    assert enter(office, "nobody").person is None
    assert office.people_db.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [
        ("a b", "admin", PASSWORD),
        ("<b>", "admin", PASSWORD),
        ("petro", "root", PASSWORD),
        ("petro", "admin", "short"),
        ("petro", "admin", "petro petro petro"),
        ("olena", "admin", PASSWORD),
    ],
)
def test_what_will_not_do_is_refused_and_adds_nobody(office, name, role, password):
    add_person(office, "olena", role="admin", password=PASSWORD, now=NOW)
    with pytest.raises(UsageError):
        add_person(office, name, role=role, password=password, now=NOW)
    assert [person.name for person in list_people(office)] == ["olena"]


def test_a_link_sets_a_password_once_and_not_for_ever(office):
    person = add_person(office, "petro", role="viewer", password=None, now=NOW)
    assert enter(office, "petro", "").person is None
    old, link = make_link(office, person, now=NOW), make_link(office, person, now=NOW)
    for token, later in ((old, timedelta(0)), (link, timedelta(hours=49)), ("", timedelta(0))):
        with pytest.raises(UsageError, match="link"):
            use_link(office, token, PASSWORD, now=NOW + later)
    use_link(office, link, PASSWORD, now=NOW + timedelta(hours=47))
    assert enter(office, "petro").person
    with pytest.raises(UsageError, match="link"):
        use_link(office, link, "another long one", now=NOW)


def test_who_guesses_has_to_wait_and_the_owner_of_another_name_does_not(office):
    add_person(office, "olena", role="admin", password=PASSWORD, now=NOW)
    add_person(office, "petro", role="admin", password=PASSWORD, now=NOW)
    for _ in range(5):
        assert enter(office, password="wrong").wait_s == 0
    assert enter(office).wait_s == pytest.approx(30)
    assert enter(office, "petro").wait_s == pytest.approx(30)  # from the same address
    assert enter(office, "petro", address="10.0.0.2").person
    assert enter(office, after_s=31).person
    assert enter(office, after_s=32).wait_s == 0


def test_a_clock_that_was_set_back_locks_nobody_out(office):
    add_person(office, "olena", role="admin", password=PASSWORD, now=NOW)
    for _ in range(6):
        enter(office, password="wrong", after_s=365 * 24 * 3600)
    assert 0 < enter(office).wait_s <= 60


def test_a_new_password_ends_every_session(office):
    person = add_person(office, "olena", role="admin", password=PASSWORD, now=NOW)
    assert set_password(office, person, "four blue horses", now=NOW).session_version > person.session_version
    assert enter(office).person is None


def test_the_last_administrator_stays(office):
    olena = add_person(office, "olena", role="admin", password=PASSWORD, now=NOW)
    add_person(office, "petro", role="admin", password=None, now=NOW)  # has no password yet
    for change in (lambda: remove_person(office, olena), lambda: set_role(office, olena, "viewer")):
        with pytest.raises(UsageError, match="only administrator"):
            change()
    petro = find_by_name(office, "petro")
    use_link(office, make_link(office, petro, now=NOW), PASSWORD, now=NOW)
    remove_person(office, olena)
    assert [person.name for person in list_people(office)] == ["petro"]

import pytest

from hub.accounts import add_account, find_by_name, list_accounts, sign_in
from support.accounts import PASSWORD, fill_in, sign_in_as

PAGE = "/tech/accounts"
NEW = {"password": "зовсім інші слова", "again": "зовсім інші слова", "own": PASSWORD}


@pytest.fixture(autouse=True)
def _made(paths):
    paths.dir.mkdir(parents=True)


def names(paths):
    return [account.name for account in list_accounts(paths)]


def test_a_technician_adds_an_administrator(portal, paths):
    sign_in_as(portal, paths)
    form = {"name": "Directorka", "display_name": "Ганна Мельник", "role": "admin", **NEW}
    assert fill_in(portal, f"{PAGE}/add", form, page=PAGE).status_code == 303
    assert find_by_name(paths, "directorka").role == "admin"
    assert "Ганна Мельник" in portal.get(PAGE).text
    assert sign_in(paths, "directorka", NEW["password"], address="a").is_right


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"own": "wrong"}, 422),
        ({"own": ""}, 422),
        ({"again": "other"}, 422),
        ({"password": "short", "again": "short"}, 422),
        ({"name": "technician"}, 422),
        ({"name": "a b"}, 422),
        ({"role": "learner"}, 403),
        ({"role": ""}, 403),
    ],
)
def test_what_will_not_do_adds_nobody(portal, paths, change, status):
    sign_in_as(portal, paths)
    answer = fill_in(portal, f"{PAGE}/add", {"name": "head", "role": "admin", **NEW, **change}, page=PAGE)
    assert answer.status_code == status
    assert names(paths) == ["technician"]
    if status == 422:
        assert 'role="alert"' in answer.text


def test_changing_ones_password_signs_out_all_others(portal, paths):
    sign_in_as(portal, paths)
    other = portal.application.test_client()
    sign_in_as(other, paths)
    assert fill_in(portal, f"{PAGE}/password", NEW, page=PAGE).status_code == 303
    assert portal.get(PAGE).status_code == 200
    assert other.get(PAGE).status_code == 303


def test_signing_out_everywhere_keeps_only_this_browser(portal, paths):
    sign_in_as(portal, paths)
    other = portal.application.test_client()
    sign_in_as(other, paths)
    assert fill_in(portal, f"{PAGE}/sign-out", {}, page=PAGE).status_code == 303
    assert portal.get(PAGE).status_code == 200
    assert other.get(PAGE).status_code == 303


def test_a_cookie_alone_changes_no_password(portal, paths):
    sign_in_as(portal, paths)
    assert fill_in(portal, f"{PAGE}/password", NEW | {"own": "wrong"}, page=PAGE).status_code == 422
    assert sign_in(paths, "technician", PASSWORD, address="a").is_right


@pytest.mark.parametrize("action", ["password", "remove"])
def test_a_technician_manages_others(portal, paths, action):
    add_account(paths, "head", PASSWORD, role="admin")
    sign_in_as(portal, paths)
    page = f"{PAGE}/of/head"
    assert fill_in(portal, f"{page}/{action}", NEW | {"own": "wrong"}, page=page).status_code == 422
    assert sign_in(paths, "head", PASSWORD, address="a").is_right
    assert fill_in(portal, f"{page}/{action}", NEW, page=page).status_code == 303
    assert not sign_in(paths, "head", PASSWORD, address="a").is_right
    assert sign_in(paths, "head", NEW["password"], address="a").is_right is (action == "password")


@pytest.mark.parametrize(("name", "status"), [("technician", 403), ("admin", 404), ("nobody", 404)])
@pytest.mark.parametrize("action", ["", "/password", "/remove"])
def test_an_administrator_manages_no_technician(portal, paths, name, status, action):
    add_account(paths, "technician", PASSWORD, role="technician")
    sign_in_as(portal, paths, "admin")
    path = f"{PAGE}/of/{name}{action}"
    answer = fill_in(portal, path, NEW, page=PAGE) if action else portal.get(path)
    assert answer.status_code == status
    assert names(paths) == ["admin", "technician"]
    form = {"name": "another", "role": "technician", **NEW}
    assert fill_in(portal, f"{PAGE}/add", form, page=PAGE).status_code == 403


@pytest.mark.parametrize(
    ("name", "said"), [("technician", "is taken"), ("taken!", "Write a name"), ("", "Write a name")]
)
def test_a_name_that_will_not_do_is_told_from_one_that_is_taken(portal, paths, name, said):
    portal.set_cookie("language", "en")
    sign_in_as(portal, paths)
    answer = fill_in(portal, f"{PAGE}/add", {"name": name, "role": "admin", **NEW}, page=PAGE)
    assert answer.status_code == 422
    assert said in answer.text


def test_guesses_of_ones_own_password_wait_too(portal, paths):
    sign_in_as(portal, paths)
    statuses = [
        fill_in(portal, f"{PAGE}/password", NEW | {"own": "wrong"}, page=PAGE).status_code for _ in range(6)
    ]
    assert statuses == [422] * 6
    assert fill_in(portal, f"{PAGE}/password", NEW, page=PAGE).status_code == 422
    assert not sign_in(paths, "technician", NEW["password"], address="b").is_right


def test_names_are_shown_as_they_are(portal, paths):
    add_account(paths, "head", PASSWORD, role="admin", display_name='<script>alert("x")</script> %s')
    sign_in_as(portal, paths)
    for path in (PAGE, f"{PAGE}/of/head"):
        assert "<script>alert" not in portal.get(path).text

import stat
import tomllib

import pytest

from content_packs.errors import LocalError, UsageError
from hub.identity import find_authorities, make_hub, make_key, mend, read_host_keys, read_root, require_key
from hub.settings import HubPaths, read_settings
from support.office import OfficeAtWork
from support.web import Authority


@pytest.fixture
def root(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    path = tmp_path / "hub-root.json"
    path.write_bytes(work.root_bytes)
    return path


def test_makes_a_key_that_only_its_owner_reads(tmp_path, root):
    made = make_hub(tmp_path / "hub", root, str(tmp_path), (), None)
    key = tmp_path / "hub/keys/id_ed25519"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.with_suffix(".pub").read_text().strip() == made.public_key
    assert made.public_key.startswith("ssh-ed25519 ")
    assert made.hub_id.startswith("h-")


def test_two_hubs_have_two_keys_and_two_ids(tmp_path, root):
    one, two = (make_hub(tmp_path / name, root, str(tmp_path), (), None) for name in ("a", "b"))
    assert one.public_key.split()[1] != two.public_key.split()[1]
    assert one.hub_id != two.hub_id


def test_settings_hold_what_was_given(tmp_path, root):
    depot = 'sftp://user@host:2222/a "quoted" path'
    (tmp_path / "host.pub").write_text(f"# comment\n{make_key()[1]}\n")
    make_hub(tmp_path / "hub", root, depot, (tmp_path / "host.pub",), "h-test")
    settings = read_settings(HubPaths(tmp_path / "hub"))
    assert (settings.hub_id, settings.depot_url) == ("h-test", depot)
    assert tomllib.loads((tmp_path / "hub/hub.toml").read_text())["hub_id"] == "h-test"


def test_never_replaces_a_hub(tmp_path, root):
    made = make_hub(tmp_path / "hub", root, str(tmp_path), (), None)
    with pytest.raises(UsageError, match="already"):
        make_hub(tmp_path / "hub", root, str(tmp_path), (), None)
    assert (tmp_path / "hub/keys/id_ed25519.pub").read_text().strip() == made.public_key


@pytest.mark.parametrize("text", ["", "# only a comment\n", "hello", "ssh-ed25519 AAAA\n", "\xff"])
def test_says_what_is_no_host_key(tmp_path, text):
    (tmp_path / "host.pub").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match=r"host\.pub"):
        read_host_keys(tmp_path / "host.pub")


def test_authority_of_an_https_depot_is_kept_and_survives_a_power_cut(tmp_path, root):
    authority = Authority(tmp_path / "authority").path
    made = make_hub(tmp_path / "hub", root, "https://depot.example/", (), None, ca_file=authority)
    paths = HubPaths(made.dir)
    found = find_authorities(paths)
    assert found is not None
    assert found.read_bytes() == authority.read_bytes()
    found.write_bytes(b"")
    assert find_authorities(paths).read_bytes() == authority.read_bytes()


def test_without_an_authority_those_of_the_system_count(tmp_path, root):
    made = make_hub(tmp_path / "hub", root, "https://depot.example/", (), None)
    assert find_authorities(HubPaths(made.dir)) is None


def test_says_what_is_no_certificate(tmp_path, root):
    with pytest.raises(UsageError, match="holds no certificate"):
        make_hub(tmp_path / "hub", root, "https://depot.example/", (), None, ca_file=root)
    assert not (tmp_path / "hub").exists()


@pytest.fixture
def hub(tmp_path, root):
    (tmp_path / "host.pub").write_text(make_key()[1])
    made = make_hub(tmp_path / "hub", root, "sftp://user@host:2222/depot", (tmp_path / "host.pub",), "h-test")
    return HubPaths(made.dir)


def state(paths):
    return {name: path.read_bytes() for name, path in _identity(paths).items()}


def _identity(paths):
    found = (paths.settings, paths.key, paths.key.with_suffix(".pub"), paths.host_keys, paths.root)
    return {path.name: path for path in found}


@pytest.mark.parametrize(
    "name", ["hub.toml", "id_ed25519", "id_ed25519.pub", "depot_host_keys", "hub-root.json"]
)
@pytest.mark.parametrize("damage", ["gone", "empty", "half", "zeros"])
def test_what_makes_it_this_hub_outlives_a_power_cut(hub, name, damage):
    before = state(hub)
    path = _identity(hub)[name]
    data = before[name]
    left = {"empty": b"", "half": data[: len(data) // 2], "zeros": bytes(len(data))}
    path.unlink() if damage == "gone" else path.write_bytes(left[damage])
    mend(hub)
    assert state(hub) == before
    assert stat.S_IMODE(hub.key.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["id_ed25519", "hub-root.json"])
def test_one_wrong_byte_in_key_or_root_is_seen(hub, name):
    before = state(hub)
    data = before[name]
    middle = data.index(b"\n") + 20 if name == "id_ed25519" else len(data) // 2
    wrong = b"A" if data[middle : middle + 1] != b"A" else b"B"
    _identity(hub)[name].write_bytes(data[:middle] + wrong + data[middle + 1 :])
    mend(hub)
    assert state(hub) == before


def test_new_host_keys_and_a_new_key_are_taken_over(hub, tmp_path):
    hub.host_keys.write_text(make_key()[1])
    hub.key.write_bytes(make_key()[0])
    wanted = {name: data for name, data in state(hub).items() if not name.endswith(".pub")}
    mend(hub)
    assert {name: data for name, data in state(hub).items() if name in wanted} == wanted
    assert (hub.spare / "id_ed25519").read_bytes() == wanted["id_ed25519"]


def test_what_is_lost_for_good_is_said_with_what_to_do(hub):
    for path in (hub.key, hub.root):
        path.write_bytes(b"")
        (hub.spare / path.name).write_bytes(b"")
    mend(hub)
    with pytest.raises(LocalError, match="private key is lost") as key_error:
        require_key(hub)
    assert "central revoke" in key_error.value.hint
    with pytest.raises(LocalError, match="lost or damaged") as root_error:
        read_root(hub)
    assert "hub-root.json" in root_error.value.hint


def test_a_hub_whose_settings_are_lost_is_not_made_anew(hub, root):
    hub.settings.unlink()
    with pytest.raises(UsageError, match="already"):
        make_hub(hub.dir, root, "/depot", (), None)
    assert read_settings(hub).hub_id == "h-test"

import stat
import tomllib

import pytest

from content_packs.errors import UsageError
from hub.identity import make_hub, make_key, read_host_keys
from hub.settings import HubPaths, read_settings
from support.office import OfficeAtWork


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

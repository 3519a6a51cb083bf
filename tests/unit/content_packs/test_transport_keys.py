"""Pinned host keys and the hub's own key, before any byte leaves."""

import subprocess
from pathlib import Path

import pytest

from content_packs.errors import LocalError, UsageError
from content_packs.transports import open_transport
from content_packs.transports.host_keys import algorithms, fingerprint, parse_host_keys
from support.sshd import make_client_key

GOOD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBnZb1Wkl3gBvhGyqEpuyIqK2gHNiO4bq3pTTq1eO5mU office"
RSA_TYPE = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7"


def connect(*, key_path: Path | None, host_keys: list[str]) -> None:
    open_transport(
        "sftp://hub@127.0.0.1:1/",
        key_path=key_path,
        host_keys=host_keys,
        connect_timeout_s=1,
        step_timeout_s=1,
    )


def test_comments_and_blank_lines_are_passed_over() -> None:
    keys = parse_host_keys(["# the depot\n\n" + GOOD + "\r\n", "", "  ", RSA_TYPE])
    assert [key.type for key in keys] == ["ssh-ed25519", "ssh-rsa"]
    assert algorithms(keys) == ("ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256")


def test_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    public = make_client_key(tmp_path / "key")
    (tmp_path / "key.pub").write_text(public)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", tmp_path / "key.pub"], capture_output=True, text=True
    ).stdout
    assert fingerprint(parse_host_keys([public])[0].blob) in printed.split()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "expected at least one"),
        (["# nothing", ""], "expected at least one"),
        (["depot.example " + GOOD], "expected it to start with one of ssh-ed25519"),
        (["ssh-dss AAAAB3NzaC1kc3M="], "expected it to start with one of"),
        (["ssh-ed25519"], "cut or mixed up"),
        (["ssh-ed25519 AAAA!"], "not base64"),
        (["ssh-ed25519 " + RSA_TYPE.split()[1]], "cut or mixed up"),
    ],
)
def test_host_key_line_that_is_none_is_refused(tmp_path: Path, lines: list[str], why: str) -> None:
    make_client_key(tmp_path / "key")
    with pytest.raises(UsageError, match=why) as caught:
        connect(key_path=tmp_path / "key", host_keys=lines)
    assert "/etc/ssh/ssh_host_" in str(caught.value.hint)


def test_a_hub_without_a_key_is_told_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no private key"):
        connect(key_path=None, host_keys=[GOOD])
    with pytest.raises(LocalError, match="private key is missing") as caught:
        connect(key_path=tmp_path / "none", host_keys=[GOOD])
    assert "hub init" in str(caught.value.hint)


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    make_client_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(LocalError, match="other accounts may read") as caught:
        connect(key_path=tmp_path / "key", host_keys=[GOOD])
    assert "chmod 600" in str(caught.value.hint)


@pytest.mark.parametrize(
    "content", [b"", b"not a key\n", GOOD.encode(), b"\xff\xfe\0", b"-----BEGIN RSA PRIVATE"]
)
def test_key_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="not a private SSH key"):
        connect(key_path=path, host_keys=[GOOD])


def test_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", path], check=True)
    with pytest.raises(UsageError, match="passphrase"):
        connect(key_path=path, host_keys=[GOOD])

"""Depot URLs, right and wrong."""

from pathlib import Path

import pytest

from content_packs.errors import LocalError, UsageError
from content_packs.transports import open_transport
from content_packs.transports.address import parse_folder, parse_sftp, parse_web, scheme_of
from content_packs.transports.transport import Transport


def opened(url: str) -> Transport:
    return open_transport(url, key_path=None, host_keys=[], connect_timeout_s=1, step_timeout_s=1)


@pytest.mark.parametrize(
    ("url", "user", "host", "port", "root"),
    [
        ("sftp://h-1@depot.example", "h-1", "depot.example", 22, ""),
        ("sftp://h-1@depot.example/", "h-1", "depot.example", 22, ""),
        ("sftp://h-1@depot.example:2222/srv/depot/", "h-1", "depot.example", 2222, "/srv/depot"),
        ("SFTP://h-1@Depot.example//srv//depot", "h-1", "depot.example", 22, "/srv/depot"),
        ("sftp://h-1@[2001:db8::7]:2222/d", "h-1", "2001:db8::7", 2222, "/d"),
        ("sftp://h%2D1%40x@depot/a%20b%3F%23", "h-1@x", "depot", 22, "/a b?#"),
        ("sftp://h-1@depot/%D0%B4%D0%B5%D0%BF%D0%BE", "h-1", "depot", 22, "/депо"),
    ],
)
def test_sftp_url_is_taken_apart(url: str, user: str, host: str, port: int, root: str) -> None:
    address = parse_sftp(url)
    assert (address.user, address.host, address.port, address.root) == (user, host, port, root)


@pytest.mark.parametrize(
    ("url", "shown", "origin", "root"),
    [
        ("https://depot.example", "https://depot.example", ("https", "depot.example", 443), ""),
        ("https://depot.example:443/", "https://depot.example", ("https", "depot.example", 443), ""),
        ("https://d:8443//a%20b/c/", "https://d:8443/a%20b/c", ("https", "d", 8443), "/a%20b/c"),
        ("https://hub:s3c%2Fret@d/x", "https://d/x", ("https", "d", 443), "/x"),
        ("https://[2001:db8::7]/", "https://[2001:db8::7]", ("https", "2001:db8::7", 443), ""),
        ("https://депо.укр/", "https://xn--d1ac1ad.xn--j1amh", ("https", "xn--d1ac1ad.xn--j1amh", 443), ""),
    ],
)
def test_web_url_is_taken_apart(url: str, shown: str, origin: tuple[str, str, int], root: str) -> None:
    address = parse_web(url)
    assert (address.url, address.origin, address.root) == (shown, origin, root)
    assert "s3c" not in repr(address)


def test_password_is_in_no_message() -> None:
    for url in ("https://hub:s3cret@/", "sftp://hub:s3cret@depot/", "ftp://hub:s3cret@depot/"):
        with pytest.raises(UsageError) as caught:
            opened(url)
        assert "s3cret" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("http://depot.example/", "http: anybody on the way could listen; use https:"),
        ("https:///depot", "the host is missing"),
        ("https:depot.example", "the host is missing"),
        ("https://depot.example:0/", "the port must be a number from 1 to 65535"),
        ("https://depot.example/a?b", "write '[?]' as %3F"),
        ("https://depot.example/../etc", "its path has a '.' or '..' part"),
        ("https://x%3Ay:z@depot.example/", "the user's name has a ':'"),
        ("https://depot..example/", "the host is no name that there could be"),
        ("ftp://depot.example/", "ftp: is not supported"),
        ("memory:", "memory: is not supported"),
        ("hub@depot.example:/srv/depot", "this is how scp writes it"),
        ("sftp://depot.example/", "the user is missing"),
        ("sftp://@depot.example/", "the user is missing"),
        ("sftp://hub@/depot", "the host is missing"),
        ("sftp:hub@depot.example/", "the host is missing"),
        ("sftp:///depot", "the host is missing"),
        ("sftp://hub:secret@depot.example/", "a password has no place in it"),
        ("sftp://hub@depot.example:/", None),
        ("sftp://hub@depot.example:ssh/", "the port must be a number from 1 to 65535"),
        ("sftp://hub@depot.example:0/", "the port must be a number from 1 to 65535"),
        ("sftp://hub@depot.example:70000/", "the port must be a number from 1 to 65535"),
        ("sftp://hub@[::1/", "Invalid IPv6 URL"),
        ("sftp://hub@depot.example/a?b", "write '[?]' as %3F"),
        ("sftp://hub@depot.example/a#b", "write '[?]' as %3F"),
        ("sftp://hub@depot.example/../etc", "its path has a '.' or '..' part"),
        ("sftp://hub@depot.example/a/%2e%2e/b", "its path has a '.' or '..' part"),
        ("sftp://hub@depot.example/%FF", "its path is not plain UTF-8 text"),
        ("sftp://h%00b@depot.example/", "its user is not plain UTF-8 text"),
        ("file://server/share", "a file URL has three slashes"),
        ("file:depot", "a file URL has three slashes"),
    ],
)
def test_malformed_url_says_what_is_wrong_and_what_is_allowed(url: str, why: str | None) -> None:
    if why is None:  # an empty port is the usual one: RFC 3986 §3.2.3
        assert parse_sftp(url).port == 22
        return
    with pytest.raises(UsageError, match=why) as caught:
        opened(url)
    assert "sftp://user@host:port/path" in str(caught.value.hint)
    assert caught.value.exit_code == 64


def test_a_folder_is_a_depot_by_path_and_by_url(tmp_path: Path) -> None:
    folder = tmp_path / "a stick:1"
    folder.mkdir()
    (folder / "FORMAT").write_bytes(b"x")
    for url in (str(folder), f"file://{str(folder).replace(' ', '%20')}", f"file://localhost{folder}"):
        with opened(url) as transport:
            assert transport.read_files(["FORMAT"], max_bytes=1) == [b"x"]


def test_a_folder_whose_name_looks_like_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sftp:").mkdir()
    assert scheme_of("sftp:") == "file"
    assert parse_folder("sftp:") == Path("sftp:")


def test_a_stick_that_is_not_plugged_in_is_a_matter_for_the_person_on_site(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no such folder") as caught:
        opened(str(tmp_path / "stick"))
    assert "Plug the stick in" in str(caught.value.hint)
    assert caught.value.exit_code == 74

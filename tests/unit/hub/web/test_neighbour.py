"""What a hub gives to other hubs: files of packs by hash, and nothing else that lies on its disk."""

import hashlib
from dataclasses import replace

import pytest

from content_packs import neighbour
from hub.settings import SyncSettings
from hub.web.app import create_portal
from hub.web.origins import Ports
from support.shelves import SETTINGS

PORTS = Ports(8080, 8081)
ABSENT = hashlib.sha256(b"nobody has this").hexdigest()


def store(paths, data):
    sha256 = hashlib.sha256(data).hexdigest()
    path = paths.store / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return sha256


def ask(portal, path, *hashes):
    return portal.post(path, data=neighbour.pack_hashes(hashes))


def test_says_which_files_it_has(portal, paths):
    here = store(paths, b"page")
    answer = ask(portal, neighbour.HAVE_PATH, ABSENT, here, ABSENT)
    assert (answer.status_code, answer.data) == (200, b"010")
    assert answer.headers[neighbour.HUB_ID_HEADER] == SETTINGS.hub_id


def test_gives_many_small_files_in_one_answer(portal, paths):
    hashes = [store(paths, data) for data in (b"one", b"", b"three" * 1000)]
    answer = ask(portal, neighbour.FILES_PATH, *hashes)
    assert answer.data == b"one" + b"three" * 1000
    assert answer.content_length == len(answer.data)


def test_gives_none_where_one_of_them_is_not_here(portal, paths):
    assert ask(portal, neighbour.FILES_PATH, store(paths, b"one"), ABSENT).status_code == 404


@pytest.mark.parametrize("body", [b"", b"\0" * 31, b"\0" * 33, b"\0" * 32 * (neighbour.MAX_HASHES + 1)])
def test_refuses_what_is_no_list_of_hashes(portal, body):
    assert portal.post(neighbour.HAVE_PATH, data=body).status_code == 400
    assert portal.post(neighbour.FILES_PATH, data=body).status_code == 400


def test_a_large_file_goes_on_where_it_stopped(portal, paths):
    path = neighbour.file_path(store(paths, bytes(range(256)) * 4000))
    whole = portal.get(path)
    rest = portal.get(path, headers={"Range": "bytes=1000000-"})
    assert (whole.status_code, len(whole.data)) == (200, 1_024_000)
    assert (rest.status_code, rest.data) == (206, whole.data[1_000_000:])
    assert rest.headers["Content-Range"] == "bytes 1000000-1023999/1024000"
    assert portal.get(path, headers={"Range": "bytes=1024000-"}).status_code == 416


@pytest.mark.parametrize(
    "path",
    [
        "/neighbour/file/" + ABSENT,
        "/neighbour/file/..%2F..%2Fhub.toml",
        "/neighbour/file/" + "g" * 64,
        "/neighbour/file/%2e%2e",
        "/neighbour/index/..%2Fkeys/1",
        "/neighbour/index/maths/1",
        "/neighbour/index/maths/99999999999",
        "/neighbour/index/maths/-1",
        "/neighbour/",
    ],
)
def test_nothing_else_can_be_had(portal, paths, path):
    paths.store.mkdir(parents=True)
    paths.settings.write_text("hub_id = 'h-1'")
    assert portal.get(path).status_code == 404


def test_gives_the_index_of_an_installed_version(portal, paths):
    folder = paths.packs / "maths" / "3"
    folder.mkdir(parents=True)
    (folder / "index.zst").write_bytes(b"index")
    assert portal.get(neighbour.index_path("maths", 3)).data == b"index"


def test_a_class_is_not_disturbed_by_more_than_two_neighbours(portal, paths):
    path = neighbour.file_path(store(paths, b"x" * 1_000_000))
    first, second = portal.get(path, buffered=False), portal.get(path, buffered=False)
    refused = portal.get(path)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert ask(portal, neighbour.HAVE_PATH, ABSENT).status_code == 200
    first.close()
    assert portal.get(path).status_code == 200
    second.close()


def from_address(address):
    return {"environ_overrides": {"REMOTE_ADDR": address}}


def test_one_neighbour_takes_one_download_and_leaves_the_other_to_others(portal, paths):
    path = neighbour.file_path(store(paths, b"x" * 1_000_000))
    first = portal.get(path, buffered=False, **from_address("10.0.0.1"))
    assert portal.get(path, **from_address("10.0.0.1")).status_code == 503
    second = portal.get(path, buffered=False, **from_address("10.0.0.2"))
    assert second.status_code == 200
    assert portal.get(path, **from_address("10.0.0.3")).status_code == 503
    first.close()
    second.close()
    assert portal.get(path, **from_address("10.0.0.1")).status_code == 200


def test_a_neighbour_that_reads_in_drops_is_cut_off_and_passed_over_for_a_minute(portal, paths):
    path = neighbour.file_path(store(paths, b"x" * 2_000_000))
    now = [0.0]
    portal.application.extensions["neighbour"].clock = lambda: now[0]
    drops = portal.get(path, buffered=False, **from_address("10.0.0.1")).iter_encoded()
    for _ in range(3):
        next(drops)
        now[0] += 3
    next(drops)
    now[0] += 3
    with pytest.raises(ConnectionResetError):
        next(drops)
    assert portal.get(path, **from_address("10.0.0.1")).status_code == 503
    assert portal.get(path, **from_address("10.0.0.2")).status_code == 200
    now[0] += 61
    assert portal.get(path, **from_address("10.0.0.1")).status_code == 200


def test_one_answer_never_takes_more_than_a_neighbour_in_turn_may(portal, paths):
    page = store(paths, b"x" * 900_000)
    others = [store(paths, bytes([n]) * 900_000) for n in range(2)]
    large = store(paths, bytes(neighbour.MAX_ANSWER_BYTES + 1))
    assert ask(portal, neighbour.FILES_PATH, page, page).status_code == 400
    assert ask(portal, neighbour.FILES_PATH, large).status_code == 400
    assert ask(portal, neighbour.FILES_PATH, page, *others).status_code == 400
    assert ask(portal, neighbour.FILES_PATH, *others).status_code == 200
    path = neighbour.file_path(large)
    assert portal.get(path).status_code == 400
    last = portal.get(path, headers={"Range": "bytes=1-"})
    assert (last.status_code, len(last.data)) == (206, neighbour.MAX_ANSWER_BYTES)


def test_a_hub_that_does_not_share_gives_nothing(paths):
    settings = replace(SETTINGS, sync=SyncSettings(share=False))
    portal = create_portal(paths, settings, ports=PORTS).test_client()
    sha256 = store(paths, b"page")
    assert portal.get(neighbour.file_path(sha256)).status_code == 404
    assert ask(portal, neighbour.HAVE_PATH, sha256).status_code == 404

"""What a hub asks to learn what is new: one read, of a few bytes where nothing is."""

from datetime import timedelta

import pytest

from content_packs.head import state_of, unpack_text
from content_packs.transports.local import open_local
from content_packs.trust_cache import COPIES
from support.office import HUB, NOW, HubTrust, OfficeAtWork, versions


@pytest.fixture(scope="module")
def first_day(tmp_path_factory):
    """An office with maths v1, assigned to one hub; tests work on copies of it."""
    return OfficeAtWork.first_day(tmp_path_factory.mktemp("office") / "central")


@pytest.fixture
def work(first_day, tmp_path):
    return first_day.copy(tmp_path / "central")


@pytest.fixture
def hub(work, tmp_path):
    return HubTrust(work.root_bytes, tmp_path / "hub" / "trust")


class CountingTransport:
    """Notes what is asked for together, and how much comes."""

    def __init__(self, depot):
        self._depot = depot
        self.url = str(depot)
        self.asked = []
        self.size = 0

    def read_files(self, paths, *, max_bytes):
        self.asked.append(list(paths))
        with open_local(self._depot) as transport:
            contents = transport.read_files(paths, max_bytes=max_bytes)
        self.size += sum(len(content or b"") for content in contents)
        return contents


def refresh_and_count(work, hub, **options):
    counting = CountingTransport(work.office.depot)
    return hub.refresh_over(counting, **options), counting


def news_of(work):
    return work.office.depot / "news" / HUB


def news_of_the_present(work):
    return news_of(work) / state_of(unpack_text((work.office.heads / HUB).read_bytes()))


def test_nothing_new_is_one_read_of_a_few_bytes(work, hub):
    hub.refresh(work.office.depot)
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 1}
    assert offers.from_cache
    assert [len(paths) for paths in counting.asked] == [1]
    assert counting.size < 20


def test_what_is_new_for_others_is_nothing_new_for_this_hub(work, hub):
    hub.refresh(work.office.depot)
    head = (work.office.heads / HUB).read_bytes()
    work.publish(work.build("art", 1))
    work.enrol("h-2", ring="pilot")
    work.assign("art", hub_id="h-2")
    assert (work.office.heads / HUB).read_bytes() == head
    assert refresh_and_count(work, hub)[1].size < 20


def test_an_update_is_one_read_of_less_than_the_head(work, hub):
    hub.refresh(work.office.depot)
    work.publish(work.build("maths", 2))
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 2}
    assert [len(paths) for paths in counting.asked] == [1]
    assert counting.size < (work.office.heads / HUB).stat().st_size


def test_a_hub_that_missed_some_news_follows_all_of_them(work, hub):
    hub.refresh(work.office.depot)
    for version in (2, 3):
        work.publish(work.build("maths", version))
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 3}
    assert len(counting.asked) == 1


def test_a_hub_that_missed_many_reads_the_head(work, hub):
    hub.refresh(work.office.depot)
    for version in range(2, 14):
        work.publish(work.build("maths", version))
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 13}
    assert [paths[0].split("/")[0] for paths in counting.asked] == ["news", "heads"]
    assert len(list(news_of(work).iterdir())) <= 9


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-1], lambda data: b"x" + data])
@pytest.mark.parametrize("updated", [False, True])
def test_damaged_news_are_as_if_there_were_none(work, hub, damage, updated):
    hub.refresh(work.office.depot)
    if updated:
        work.publish(work.build("maths", 2))
    for path in news_of(work).iterdir():
        path.write_bytes(damage(path.read_bytes()))
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 2 if updated else 1}
    assert len(counting.asked) == 2


def test_a_hub_that_lost_what_it_knew_reads_the_head_though_nothing_is_new(work, hub):
    hub.refresh(work.office.depot)
    for name in COPIES:
        (hub.trust_dir / name).unlink()
    offers, counting = refresh_and_count(work, hub)
    assert versions(offers) == {"maths": 1}
    assert not offers.from_cache
    assert len(counting.asked) == 2


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_hub_that_lost_its_head_reads_it_again(work, hub, damage):
    hub.refresh(work.office.depot)
    damage(hub.trust_dir / "head.zst")
    assert hub.offered(work.office.depot) == {"maths": 1}
    assert refresh_and_count(work, hub)[1].size < 20


def test_whoever_says_that_nothing_is_new_can_only_hold_up(work, hub):
    hub.refresh(work.office.depot)
    known = news_of_the_present(work)
    work.publish(work.build("maths", 2))
    known.write_bytes(b"news 1\n")
    assert hub.offered(work.office.depot) == {"maths": 1}
    work.publish(work.build("maths", 3))  # the next change finds it out
    assert hub.offered(work.office.depot) == {"maths": 3}


def test_other_small_files_come_in_the_same_read(work, hub):
    (work.office.depot / "acks").mkdir()
    (work.office.depot / "acks" / HUB).write_bytes(b"{}")
    also = [f"acks/{HUB}", "acks/nobody"]
    for _ in range(2):
        offers, counting = refresh_and_count(work, hub, also=also)
        assert offers.also == {also[0]: b"{}", also[1]: None}
        assert len(counting.asked) == 1


def test_a_head_is_renewed_after_a_month_so_that_clocks_and_roles_do_not_grow_old(work, hub):
    hub.refresh(work.office.depot)
    for days, signed_at in ((29, NOW), (1, NOW + timedelta(days=30))):
        work.now += timedelta(days=days)
        work.publish(work.build("art", (work.now - NOW).days))
        assert hub.refresh(work.office.depot).signed_at == signed_at


@pytest.mark.parametrize("what", ["heads", "news"])
@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_any_command_repairs_heads_and_the_news_of_the_present(work, hub, what, damage):
    hub.refresh(work.office.depot)
    files = [work.office.heads / HUB, news_of_the_present(work)]
    good = [path.read_bytes() for path in files]
    damage(files[what == "news"])
    work.touch()
    assert [path.read_bytes() for path in files] == good


def test_news_of_a_revoked_hub_are_gone(work):
    work.revoke()
    assert not news_of(work).exists()

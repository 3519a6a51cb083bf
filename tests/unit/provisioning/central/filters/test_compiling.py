"""Policies become packs: what is in them, in which order, and which version."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content_packs.blocklist import check_apart, is_below, order_of, read_entries
from content_packs.errors import BadDataError, UsageError
from content_packs.kinds import KINDS
from content_packs.source import open_source
from provisioning.central.filters.compiling import compare, compile_policy
from provisioning.central.filters.lists import add_list, collapse, read_list, remove_list
from provisioning.central.filters.policies import remove_policy, set_policy
from provisioning.central.filters.publishing import publish_policies, source_of
from provisioning.central.filters.tables import Answer, FilterTables
from provisioning.central.fleet import open_fleet
from provisioning.central.release import change
from support.office import NOW, OfficeAtWork

LISTS = {
    "adult": "bad.com www.bad.com worse.net",
    "gambling": "casino.com bad.com",
    "social": "chat.com video.bad.com",
    "games": "games.org play.chat.com",
}
LESSONS = {"lesson_block": "social,games", "lesson_time": "mon-fri 08:30-15:00"}


class Filters:
    """An office with lists."""

    def __init__(self, work, tmp_path):
        self.work, self.office, self.tmp = work, work.office, tmp_path
        self.now = NOW

    def edit(self, what, *args, **more):
        more |= {"now": self.now} if what in (add_list, set_policy, publish_policies) else {}
        office = () if what in (set_policy, remove_policy) else (self.office,)
        self.now += timedelta(minutes=1)
        if what is publish_policies:
            return change(self.office, lambda f: what(*office, f, *args, **more), doing="test", now=NOW)[0]
        with open_fleet(self.office.fleet_db) as fleet, fleet.transaction():
            return what(*office, fleet, *args, **more)

    def add(self, name, text, *, category="adult", **more):
        path = self.tmp / f"{name}.txt"
        path.write_text(text.replace(" ", "\n") + "\n", encoding="utf-8")
        return self.edit(add_list, name, path, category=category, **more)

    def policy(self, **more):
        values = {"block": "adult,gambling", "lesson_block": "", "lesson_time": "", "safe_search": True}
        return self.edit(set_policy, "primary", **values | {"allow_lists": ()} | more)

    def answer(self, name, verdict="allow"):
        with open_fleet(self.office.fleet_db) as fleet:
            FilterTables(fleet).save_answer(Answer(name, "primary", verdict, "2026"))

    def compile(self, folder="out"):
        with open_fleet(self.office.fleet_db) as fleet:
            (policy,) = FilterTables(fleet).list_policies()
            (self.tmp / folder).mkdir()
            return compile_policy(self.office, fleet, policy, self.tmp / folder), self.tmp / folder

    def publish(self, **more):
        (done,) = self.edit(publish_policies, **more)
        return done


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    return OfficeAtWork.found(tmp_path_factory.mktemp("filters") / "central")


@pytest.fixture
def office(founded, tmp_path):
    filters = Filters(founded.copy(tmp_path / "central"), tmp_path)
    for category, text in LISTS.items():
        filters.add(f"list-{category}", text, category=category)
    return filters


def text(folder, name):
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def test_a_list_is_kept_sorted_once_each_and_without_what_lies_below(office):
    added = office.add("more", "b.com a.com x.a.com a.com A.com. b.org")
    assert (added.list.domains, added.repeated, added.before) == (3, 3, None)
    assert [*read_list(office.office, added.list)] == ["com a", "com b", "org b"]
    assert office.add("more", "c.com").before == 3


@pytest.mark.parametrize(
    ("more", "always", "lesson", "allow"),
    [
        ({}, ["bad.com a", "casino.com b", "worse.net a"], [], []),
        (
            LESSONS,
            ["bad.com a", "casino.com b", "worse.net a"],
            ["chat.com g", "games.org i"],  # video.bad.com is blocked anyway
            [],
        ),
        ({"block": "gambling", **LESSONS}, ["bad.com b", "casino.com b"], ["chat.com g", "games.org i"], []),
        ({"block": "", **LESSONS}, [], ["video.bad.com g", "chat.com g", "games.org i"], []),
        (
            {**LESSONS, "allow_lists": ("open",)},
            ["bad.com a", "worse.net a"],
            ["chat.com g", "games.org i"],
            ["ok.bad.com", "edu.games.org"],
        ),
    ],
)
def test_what_a_policy_holds(office, more, always, lesson, allow):
    office.add("open", "casino.com ok.bad.com x.ok.bad.com edu.games.org nobody.example.com", category="")
    office.policy(**more)
    done, folder = office.compile()
    assert text(folder, "domains.txt") == always
    assert text(folder, "lesson.txt") == lesson
    assert text(folder, "allow.txt") == allow
    assert done.total == len(always) + len(lesson)
    if allow:
        assert dict(done.opened) == {"casino.com": 1}
        assert done.idle == ["nobody.example.com"]


def test_what_it_makes_is_what_the_format_asks(office):
    office.add("open", "ok.bad.com", category="")
    office.policy(**LESSONS, allow_lists=("open",), safe_search=False)
    office.publish()
    with open_fleet(office.office.fleet_db) as fleet:
        (policy,) = FilterTables(fleet).list_policies()
    source = open_source(source_of(office.office, policy))
    assert [str(finding) for finding in KINDS["filter"].check(source)] == []
    assert text(source.folder, "filter.toml") == [
        'lesson_time = "mon-fri 08:30-15:00"',
        "safe_search = false",
    ]


def test_a_version_for_each_change_and_none_without(office):
    office.policy()
    assert (office.publish().version, office.publish().version) == (1, 1)
    assert not office.publish().is_new
    office.add("list-adult", "bad.com worst.org")
    looked = office.publish(dry_run=True)
    assert (looked.is_new, looked.version, looked.always.first_added) == (True, 1, ("worst.org",))
    assert looked.always.first_removed == ("worse.net",)
    done = office.publish()
    assert (done.version, done.always.added, done.always.removed) == (2, 1, 1)
    office.answer("casino.com")
    assert office.publish(allow_shrink=True).version == 3
    office.answer("casino.com", "keep")
    assert office.publish().version == 4
    office.policy(safe_search=False)
    assert office.publish().version == 5


def test_a_pack_that_lost_much_is_refused(office):
    office.add("list-adult", " ".join(f"site-{number:04}.com" for number in range(2000)))
    office.policy()
    office.publish()
    office.add("list-adult", "bad.com")
    with pytest.raises(BadDataError, match="more than 20%"):
        office.publish()
    assert office.publish(allow_shrink=True).version == 2


def test_a_crash_before_the_pack_is_known_publishes_it_again(office):
    """The source of a version that fleet.db does not know is no reason to think that nothing changed."""
    office.policy()
    with open_fleet(office.office.fleet_db) as fleet, pytest.raises(KeyboardInterrupt), fleet.transaction():
        publish_policies(office.office, fleet, now=NOW)
        raise KeyboardInterrupt
    (office.office.filters / ".work-left" / "source").mkdir(parents=True)
    done = office.publish()
    assert (done.version, done.is_new) == (1, True)
    assert sorted(path.name for path in office.office.filters.iterdir()) == ["lists", "packs"]


@pytest.mark.parametrize(
    ("lists", "words"),
    [
        ({"adult": "# nothing"}, "expected 1 to 1000000 names, got 0"),
        ({"adult": "bad.com com"}, "line 2: com is a suffix below which many people have sites"),
        ({"adult": "hub.lan bad.com"}, "hub.lan is a name of the school's own network"),
        ({"adult": "depot.office.example bad.com"}, "depot.office.example is a name of the office"),
        ({"nonsense": "bad.com"}, "--category nonsense: not known"),
        ({"": " ".join(f"site-{number}.com" for number in range(10_001))}, "expected 1 to 10000 names, got"),
    ],
)
def test_a_bad_list_is_refused_and_the_one_before_stays(office, lists, words):
    with open_fleet(office.office.fleet_db) as fleet:
        fleet.save_note("depot_url", "sftp://depot.office.example:2222/")
    ((category, names),) = lists.items()
    with pytest.raises((BadDataError, UsageError)) as caught:
        office.add("list-adult", names, category=category)
    assert words in caught.value.message
    assert caught.value.hint
    with open_fleet(office.office.fleet_db) as fleet:
        kept = next(each for each in FilterTables(fleet).list_lists() if each.name == "list-adult")
    assert [*read_list(office.office, kept)] == ["com bad", "net worse"]


def test_the_rest_of_a_bad_list_can_be_taken(office):
    added = office.add("list-adult", "bad.com com hub.lan", leave_out=True)
    assert added.list.domains == 1
    assert len(added.reading.wrong) == 2


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"block": ""}, "blocks nothing"),
        ({"block": "adlut"}, "'adlut': not a category"),
        ({"lesson_block": "games"}, "belong together"),
        ({"lesson_time": "mon 08:00-09:00"}, "belong together"),
        ({**LESSONS, "lesson_time": "monday"}, "expected days and times"),
        ({"allow_lists": ("nothing",)}, "no list nothing"),
        ({"allow_lists": ("list-adult",)}, "is one of names to block"),
    ],
)
def test_a_wrong_policy_is_refused(office, more, words):
    with pytest.raises(UsageError, match=words):
        office.policy(**more)


def test_a_policy_without_any_name_is_refused(office):
    office.policy(block="drugs")
    with pytest.raises(BadDataError, match="no name would be blocked"):
        office.publish()


def test_what_is_in_use_is_not_removed(office):
    office.add("open", "ok.bad.com", category="")
    office.policy(allow_lists=("open",))
    with pytest.raises(UsageError, match="has it as an allow list"):
        office.edit(remove_list, "open")
    office.publish()
    office.work.enrol()
    office.work.assign("filter-primary", ring="all")
    with pytest.raises(UsageError, match="assigned to ring all"):
        office.edit(remove_policy, "primary")


def test_a_damaged_list_is_named(office):
    [path] = (office.office.filters / "lists").glob("list-adult.*")
    path.write_text("bad.com\n")
    office.policy()
    with pytest.raises(BadDataError, match="expected the 2 names that were kept"):
        office.publish()


@pytest.mark.parametrize("what", [add_list, remove_list])
def test_a_list_outlives_a_power_cut_while_it_is_changed(office, what):
    office.policy()
    before = office.publish().compiled.total
    other = office.tmp / "other"
    other.write_text("quite-other.com\n")
    more = ([other], {"category": "adult", "now": NOW}) if what is add_list else ([], {})
    with (
        pytest.raises(KeyboardInterrupt),
        open_fleet(office.office.fleet_db) as fleet,
        fleet.transaction(),
    ):
        what(office.office, fleet, "list-adult", *more[0], **more[1])
        raise KeyboardInterrupt
    assert office.publish().compiled.total == before


def test_what_lists_were_before_is_not_kept_for_ever(office):
    for number in range(4):
        office.add("list-adult", f"bad-{number}.com")
    assert len([*(office.office.filters / "lists").glob("list-adult.*")]) == 2


labels = st.sampled_from(["a", "b", "a-b", "1", "_x"])
names = st.lists(labels, min_size=1, max_size=3).map(lambda each: ".".join([*each, "example"]))


@given(st.lists(names, max_size=30))
def test_collapse_keeps_what_nothing_else_covers(found):
    kept = [*collapse(sorted(map(order_of, found)))]
    assert kept == sorted(kept)
    expected = {n for n in found if not any(n != m and is_below(n, m) for m in found)}
    assert set(kept) == {order_of(n) for n in expected}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(names, min_size=1, max_size=8), st.lists(names, max_size=8), st.lists(names, max_size=4))
def test_a_class_meets_just_what_the_lists_say(office, tmp_path_factory, always, lesson, allowed):
    office.tmp = tmp_path_factory.mktemp("case")
    office.add("list-adult", " ".join(always))
    office.add("list-games", " ".join(lesson) or "other.org", category="games")
    office.add("open", " ".join(allowed) or "other.net", category="")
    office.policy(block="adult", lesson_block="games", lesson_time="mon 08:00-09:00", allow_lists=("open",))
    try:
        _, folder = office.compile()
    except BadDataError:
        assert all(any(is_below(n, a) for a in allowed) for n in always + lesson)
        return
    blocked = [*read_entries(line + "\n" for line in text(folder, "domains.txt"))]
    later = [*check_apart(read_entries(line + "\n" for line in text(folder, "lesson.txt")), blocked)]
    opened = text(folder, "allow.txt")
    for name in {*always, *lesson, *allowed, *(f"x.{n}" for n in always + lesson + allowed)}:
        rules = [(n, "blocked") for n, _ in blocked + later] + [(n, "open") for n in opened]
        longest = max(((len(n), said) for n, said in rules if is_below(name, n)), default=(0, "open"))[1]
        is_open = any(is_below(name, a) for a in allowed)
        covered = any(is_below(name, n) for n in always + lesson)
        assert longest == ("blocked" if covered and not is_open else "open"), name


def test_differences_are_counted_and_the_first_are_named(tmp_path):
    for folder, lines in (("old", "a.com a\nb.com a\n"), ("new", "b.com g\nc.com a\nd.com a\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "domains.txt").write_text(lines)
    found = compare(tmp_path / "old", tmp_path / "new", "domains.txt")
    assert (found.added, found.removed) == (2, 1)
    assert (found.first_added, found.first_removed) == (("c.com", "d.com"), ("a.com",))
    assert compare(tmp_path / "none", tmp_path / "new", "domains.txt").added == 3

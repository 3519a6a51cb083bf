"""What a school blocks: categories always, further ones in lessons, exceptions, safe search."""

from collections.abc import Sequence
from datetime import datetime

from content_packs.blocklist import CATEGORIES
from content_packs.errors import UsageError
from content_packs.lesson_time import LessonTime, check_lesson_time
from provisioning.central.filters.lists import check_name, find_list, find_policy
from provisioning.central.filters.tables import FilterTables, Policy
from provisioning.central.fleet import Fleet, iso


def words(text: str) -> tuple[str, ...]:
    """Return the words of `adult,gambling`; UsageError where one is no category."""
    found = tuple(dict.fromkeys(filter(None, (word.strip().lower() for word in text.split(",")))))
    for word in found:
        if word not in CATEGORIES.values():
            raise UsageError(
                f"{word!r}: not a category", hint=f"Categories: {', '.join(CATEGORIES.values())}."
            )
    return found


def set_policy(
    fleet: Fleet,
    name: str,
    *,
    block: str,
    lesson_block: str,
    lesson_time: str,
    safe_search: bool,
    allow_lists: Sequence[str],
    now: datetime,
) -> Policy:
    """Say what the schools of a policy block, in place of what was said before.

    Raises:
        UsageError: it blocks nothing, or a part of it is not right.
    """
    check_name("policy", name)
    tables = FilterTables(fleet)
    if wrong := check_lesson_time(lesson_time):
        raise UsageError(f"--lesson-time {lesson_time!r:.80}: {wrong}")
    always, lesson = words(block), words(lesson_block)
    if not always and not lesson:
        raise UsageError("a policy that blocks nothing", hint="Give --block, such as --block adult,gambling.")
    if bool(lesson) != bool(lesson_time.strip()):
        raise UsageError(
            "--lesson-block and --lesson-time belong together",
            hint='For example: --lesson-block social,games --lesson-time "mon-fri 08:30-15:00"',
        )
    for each in allow_lists:
        if not find_list(tables, each).is_allow:
            raise UsageError(f"list {each} is one of names to block", hint="Add it with --allow.")
    policy = Policy(
        name=name,
        block=always,
        lesson_block=tuple(word for word in lesson if word not in always),
        lesson_time=LessonTime.parse(lesson_time).to_text(),
        safe_search=safe_search,
        allow_lists=tuple(dict.fromkeys(allow_lists)),
        set_at=iso(now),
    )
    tables.save_policy(policy)
    return policy


def remove_policy(fleet: Fleet, name: str) -> Policy:
    """Forget a policy; its packs stay on offer. UsageError where somebody is given it, or there is none."""
    tables = FilterTables(fleet)
    policy = find_policy(tables, name)
    for assignment in fleet.list_assignments():
        if assignment.pack_id == policy.pack_id:
            where = f"{assignment.audience} {assignment.name}"
            raise UsageError(
                f"policy {name}: {policy.pack_id} is assigned to {where}",
                hint=f"First: central unassign {policy.pack_id} --{where}",
            )
    tables.delete_policy(name)
    return policy

"""What a form does to the office: the functions that the commands call, noted in the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from flask import flash, redirect, request
from werkzeug.wrappers import Response as Answer

from provisioning.central.audit import record
from provisioning.central.fleet import Fleet
from provisioning.central.office import Office
from provisioning.central.release import change
from provisioning.central.wanted import Change
from provisioning.central.web.dashboard import now, this_office
from provisioning.central.web.preferences import safe_target
from provisioning.central.web.signin import SEE_OTHER, me

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Group:
    """What changes in the same way for some hubs."""

    pack_id: str
    before: int | None
    after: int | None
    hub_ids: tuple[str, ...]


def do(
    action: str,
    edit: Callable[[Fleet], Result],
    detail: Mapping[str, object],
    office: Office | None = None,
) -> Result:
    """Change the office and note who did it; errors of the commands become a page (errors.py).

    `office` is given where its keys were opened with a passphrase.
    """
    result, _ = change(office or this_office(), edit, doing=action, now=now())
    note(action, detail)
    return result


def note(action: str, detail: Mapping[str, object]) -> None:
    """Note what the person of this request did."""
    record(this_office(), me().name, action, detail, now())


def look(action: str, edit: Callable[[Fleet], object]) -> list[Group]:
    """Return what a change would do for which hubs, and change nothing."""
    _, changes = change(this_office(), edit, doing=action, now=now(), dry_run=True)
    return group(changes)


def group(changes: list[Change]) -> list[Group]:
    """Return the changes by what happens, those of most hubs first. Pure."""
    alike: dict[tuple[str, int | None, int | None], list[str]] = {}
    for each in changes:
        alike.setdefault((each.pack_id, each.before, each.after), []).append(each.hub_id)
    groups = [Group(*key, tuple(hub_ids)) for key, hub_ids in alike.items()]
    return sorted(groups, key=lambda g: (-len(g.hub_ids), g.pack_id))


def done(message: str, target: str = "") -> Answer:
    """Lead to a page, the one that was come from where none is named, and say there what was done."""
    flash(message)
    return redirect(target or safe_target(request.form.get("back", "/")), SEE_OTHER)

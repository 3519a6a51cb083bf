"""One image, or one config file, for each school of a list."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile

from content_packs.durable import write_durably
from content_packs.errors import BadDataError, DiskFullError, local_error
from hub.school import FILE_NAME, SchoolConfig, to_file, write_config
from provisioning.cards.image_file import copy_image, find_fat, put_file
from provisioning.cards.labels import render_labels
from provisioning.cards.schools import MAX_BYTES, School, read_schools
from provisioning.central import cards
from provisioning.central.fleet import Fleet
from provisioning.central.office import Office
from provisioning.central.release import change

LABELS = "labels.html"
_MAX_TOLD = 20
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What was made for one school, or would be."""

    line: int
    school_code: str
    school_name: str
    hub_id: str
    path: Path


def read_list(path: Path) -> list[School]:
    """Return the schools of a CSV file.

    Raises:
        BadDataError: a line cannot be used; all of them are told.
    """
    try:
        with path.open("rb") as file:
            schools, faults = read_schools(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise local_error(error, f"reading {path}") from error
    if faults:
        told = "\n  ".join(str(fault) for fault in faults[:_MAX_TOLD])
        more = f"\n  and {len(faults) - _MAX_TOLD} more" if len(faults) > _MAX_TOLD else ""
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise BadDataError(f"{path}: {count}:\n  {told}{more}", hint="Correct the list; nothing was made.")
    if not schools:
        raise BadDataError(
            f"{path}: no school in it", hint="Write one on each line below the names of columns."
        )
    return schools


def personalise(
    base: Path | None,
    schools: Sequence[School],
    output: Path,
    *,
    office: Office | None,
    language: str,
    now: datetime,
    dry_run: bool,
    told: Told,
) -> list[Made]:
    """Write an image for each school, or without `base` its config file alone, and the labels of all.

    With an `office` each gets its part, with a token. Again replaces what was made before, token included.

    Raises:
        BadDataError, UsageError: the base is no image. DiskFullError: the disk has no room for all.
    """
    offset = find_fat(base) if base else 0
    made = [_plan(school, base, output) for school in schools]
    if base is not None:
        _check_room(base, len(made), output)
    if dry_run:
        return made
    done = []
    try:
        _require_writable(output)
        configs = _with_office(office, schools, now) if office else [school.config for school in schools]
        for each, config in zip(made, configs, strict=True):
            _write(each.path, base, offset, to_file(write_config(config, language)))
            done.append(Made(each.line, each.school_code, each.school_name, config.central.hub_id, each.path))
            told(f"{each.path}: {each.school_name}")
        page = render_labels([(config, config.central.hub_id) for config in configs], language)
        write_durably(output / LABELS, page.encode(), mode=0o600)
    except OSError as error:
        raise local_error(error, f"writing into {output}") from error
    return done


def _plan(school: School, base: Path | None, output: Path) -> Made:
    config = school.config
    name = config.school_code.lower()
    path = output / f"{name}.img" if base else output / name / FILE_NAME
    return Made(school.line, config.school_code, config.school_name, config.central.hub_id, path)


def _check_room(base: Path, count: int, output: Path) -> None:
    """Raise DiskFullError before the first copy; a disk that shares blocks needs less."""
    needed = base.stat().st_blocks * 512 * count
    folder = next(each for each in (output, *output.absolute().parents) if each.is_dir())
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DiskFullError(
            f"{output}: {count} images take {needed:,} bytes, {free:,} are free",
            hint="Give - instead of the image: then only config files are made, to copy onto flashed cards.",
        )


def _require_writable(output: Path) -> None:
    """Raise OSError where nothing can be written: before files made earlier become worthless."""
    output.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=output):
        pass


def _with_office(office: Office, schools: Sequence[School], now: datetime) -> list[SchoolConfig]:
    """Make the office's part of each school, all or none."""

    def edit(fleet: Fleet) -> list[SchoolConfig]:
        depot = cards.find_depot(fleet)
        configs = []
        for school in schools:
            own = school.config
            card, token = cards.plan_card(
                fleet,
                own.school_name,
                code=own.school_code,
                hub_id=own.central.hub_id or cards.find_id(fleet, own.school_code, own.school_name),
                ring=school.ring or None,
                now=now,
            )
            fleet.save_card(card)
            configs.append(cards.merge(own, card, cards.central_part(office, card, depot, token)))
        return configs

    return change(office, edit, doing="personalise", now=now)[0]


def _write(path: Path, base: Path | None, offset: int, data: bytes) -> None:
    if base is None:
        write_durably(path, data, mode=0o600)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    config = path.with_suffix(".txt")
    try:
        copy_image(base, path)
        write_durably(config, data, mode=0o600)
        put_file(path, offset, FILE_NAME, config)
        os.chmod(path, 0o600)  # noqa: PTH101 - it holds the password and the token
    finally:
        config.unlink(missing_ok=True)

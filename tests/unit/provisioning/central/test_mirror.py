"""A depot that is copied elsewhere in the order of the how-to can be read at every moment of the copying."""

import re
import shutil
from pathlib import Path

import pytest

from content_packs.depot import index_path
from content_packs.transports.local import open_local
from support.office import HUB, HubTrust, OfficeAtWork

HOWTO = Path(__file__).parents[4] / "docs" / "howto"


def copying_order(language):
    page = (HOWTO / f"admin.{language}.md").read_text(encoding="utf-8")
    (parts,) = re.findall(r"for part in (.+); do", page)
    return parts.split()


def copy(depot, mirror, part):
    for path in sorted(depot.glob(part)):
        for file in [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]:
            target = mirror / file.relative_to(depot)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


@pytest.fixture
def work(tmp_path):
    work = OfficeAtWork.found(tmp_path / "central")
    work.publish(work.build("maths", 1))
    work.enrol()
    work.assign("maths")
    return work


def read(hub, mirror):
    """Sync's first half; return the offered version, whose index is there."""
    offered = hub.offered(mirror)
    for pack_id, version in offered.items():
        with open_local(mirror) as transport:
            assert transport.read_files([index_path(pack_id, version)], max_bytes=10**6)[0] is not None
    return offered.get("maths", 0)


@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_hub_reads_the_old_state_or_the_new_after_every_step_of_the_how_to(work, tmp_path, language):
    mirror, known = tmp_path / "mirror", HubTrust(work.root_bytes, tmp_path / "trust")
    for part in copying_order(language):
        copy(work.office.depot, mirror, part)
    seen = [read(known, mirror)]
    work.publish(work.build("maths", 2))
    for number, part in enumerate(copying_order(language)):
        copy(work.office.depot, mirror, part)
        new_hub = HubTrust(work.root_bytes, tmp_path / f"trust-{number}")
        seen.append(read(known, mirror))
        assert read(new_hub, mirror) in (1, 2)
    assert seen == sorted(seen)
    assert seen[-1] == 2


def test_the_how_to_leaves_out_nothing_that_a_hub_reads(work, tmp_path):
    (work.office.depot / "acks").mkdir()
    (work.office.depot / "acks" / HUB).touch()
    for part in copying_order("en"):
        copy(work.office.depot, tmp_path / "mirror", part)
    names = [
        {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
        for root in (work.office.depot, tmp_path / "mirror")
    ]
    assert names[0] == names[1]

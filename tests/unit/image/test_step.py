"""The steps of a build: kept, run again, undone."""

import os
import subprocess
from dataclasses import replace

import pytest

from image.errors import ToolError
from image.initramfs.modules import ModuleMissingError
from image.layer import read_layers
from image.step import Build, Call, Run, Step, run_steps
from image.steps import STEPS, packages


@pytest.fixture
def build(config):
    for folder in ("stamps", "log"):
        (config.work / folder).mkdir(parents=True)
    return Build(config, ())


class Said(list):
    def __call__(self, text):
        self.append(text)

    @property
    def text(self):
        return "\n".join(self)


def step(name, script, *, after=(), reads=()):
    return Step(
        name=name,
        about=f"makes {name}",
        plan=lambda build: (Run(("sh", "-c", script, "sh", str(build.config.work / name))),),
        makes=lambda config: (config.work / name,),
        reads=lambda config: reads,
        after=after,
    )


WRITE = 'date +%N >"$1"'


def test_a_finished_step_is_kept_until_what_it_is_made_of_changes(build):
    source = build.config.work / "source"
    source.write_text("1")
    steps = [
        step("first", WRITE, reads=(source,)),
        step("second", WRITE, after=("first",)),
        step("third", WRITE),
    ]
    results = [build.config.work / each.name for each in steps]
    run_steps(steps, build, Said())
    before = [path.read_text() for path in results]
    said = Said()
    run_steps(steps, build, said)
    assert [path.read_text() for path in results] == before
    assert said.text.count("kept") == 3
    source.write_text("2")
    run_steps(steps, build, Said())
    after = [path.read_text() for path in results]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def test_what_is_missing_is_made_again(build):
    steps = [step("first", WRITE)]
    run_steps(steps, build, Said())
    (build.config.work / "first").unlink()
    run_steps(steps, build, Said())
    assert (build.config.work / "first").exists()


def test_a_failed_step_leaves_nothing_and_says_what_to_do(build):
    steps = [step("first", WRITE), step("second", 'mkdir "$1"; touch "$1/half"; echo no such mirror; exit 3')]
    said = Said()
    with pytest.raises(ToolError, match="ended with 3") as raised:
        run_steps(steps, build, said)
    assert "no such mirror" in raised.value.message
    assert "run the command again" in raised.value.hint
    assert str(build.config.work / "log" / "second.txt") in raised.value.hint
    assert not (build.config.work / "second").exists()
    assert (build.config.work / "first").exists()
    assert "1/2 first" in said.text
    assert "done in" in said.text


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), ModuleMissingError("kernel module vfat: got neither")]
)
def test_work_of_our_own_that_fails_leaves_nothing_and_says_what_to_do(build, fault):
    def fail():
        (build.config.work / "half").touch()
        raise fault

    half = Step("one", "x", lambda _: (Call("try", fail),), lambda c: (c.work / "half",), lambda _: ())
    with pytest.raises(ToolError, match=str(fault.args[-1])) as raised:
        run_steps([half], build, Said())
    assert "run the command again" in raised.value.hint
    log = build.config.work / "log" / "one.txt"
    assert str(log) in raised.value.hint
    assert "in fail" in log.read_text(), "for who mends the builder"
    assert not (build.config.work / "half").exists()


def test_a_missing_program_is_an_error_of_this_machine(build):
    missing = Step("one", "x", lambda _: (Run(("no-such-program",)),), lambda _: (), lambda _: ())
    with pytest.raises(ToolError, match="no-such-program"):
        run_steps([missing], build, Said())


def test_an_interrupted_step_is_undone(build):
    def interrupt():
        (build.config.work / "half").touch()
        raise KeyboardInterrupt

    half = Step("one", "x", lambda _: (Call("stop", interrupt),), lambda c: (c.work / "half",), lambda _: ())
    with pytest.raises(KeyboardInterrupt):
        run_steps([half], build, Said())
    assert not (build.config.work / "half").exists()


def test_plans_are_pure_and_name_what_they_do(config):
    build = Build(config, read_layers(config.layers))
    seen = set()
    for each in STEPS:
        lines = [str(action) for action in each.plan(build)]
        assert lines
        assert lines == [str(action) for action in each.plan(build)]
        assert set(each.after) <= seen, f"{each.name} takes what is not made before it"
        seen.add(each.name)
    assert not config.work.exists()


def test_debian_is_built_again_only_for_other_packages(config):
    def plan(config):
        return [str(action) for action in packages.STEP.plan(Build(config, read_layers(config.layers)))]

    assert plan(config) == plan(replace(config, version="8", epoch=config.epoch + 1))
    assert "non-free-firmware" in plan(config)[-1]
    assert "initramfs-tools" not in plan(config)[-1]


def test_no_step_has_the_name_of_a_registry_or_mirror(config):
    for each in STEPS:
        for action in each.plan(Build(config, read_layers(config.layers))):
            assert "://" not in str(action)


def test_what_a_killed_run_left_mounted_is_no_part_of_what_is_removed(build, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("of this machine")
    inside = build.config.work / "tree" / "a name" / "sys"
    inside.mkdir(parents=True)
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*sudo, "mount", "--bind", precious, inside], check=True)
    try:
        step("tree", "true").undo(build.config)
    finally:
        subprocess.run([*sudo, "umount", "--lazy", inside], check=False, capture_output=True)
    assert (precious / "file").read_text() == "of this machine"
    assert not (build.config.work / "tree").exists()

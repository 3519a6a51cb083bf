"""The kinds "software" and "image": what `packs check` says of a source, and what a build notes of it."""

import pytest

from content_packs.kinds import KINDS
from content_packs.source import open_source
from support.describing import describe
from support.system_packs import IMAGE, SOFTWARE, image_source, software_source


def findings(source):
    return [str(finding) for finding in KINDS[source.values["kind"]].check(source)]


def test_builds_note_what_the_manifest_says_and_nothing_else(tmp_path):
    software = open_source(software_source(tmp_path / "software", 7, comment="mine"))
    image = open_source(image_source(tmp_path / "image", 7))
    assert findings(software) == []
    assert findings(image) == []
    assert describe(software, tmp_path / "a").details == SOFTWARE
    assert describe(image, tmp_path / "b").details == IMAGE


@pytest.mark.parametrize("kind", ["software", "image"])
def test_they_are_no_lessons(kind):
    assert not KINDS[kind].for_learners
    assert list(KINDS[kind].documents(None)) == []


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"python": "3"}, "python: expected a version such as 3.13, got '3'"),
        ({"machine": "../x"}, "machine: expected a machine such as aarch64"),
        ({"built_at": "today"}, "built_at: expected a whole number from 1"),
        ({"needs_image": -1}, "needs_image: expected a whole number from 0"),
        ({"software": ""}, "software: expected text of 1 to 100 characters"),
    ],
)
def test_a_wrong_manifest_is_named(tmp_path, manifest, said):
    assert said in "\n".join(findings(open_source(software_source(tmp_path, 7, **manifest))))


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"{", "manifest.json: not JSON"), (b"[]", "expected an object, got list"), (b"[" * 50_000, "not JSON")],
)
def test_a_manifest_that_is_none_is_named(tmp_path, text, said):
    folder = software_source(tmp_path, 7)
    (folder / "manifest.json").write_bytes(text)
    assert said in "\n".join(findings(open_source(folder)))


@pytest.mark.parametrize("name", ["manifest.json", "root.squashfs", "vmlinuz", "initrd.img", "cmdline.txt"])
def test_what_an_image_lacks_is_named(tmp_path, name):
    assert f"has no {name}" in "\n".join(findings(open_source(image_source(tmp_path, 7, without=name))))


def test_a_root_that_is_no_squashfs_is_named(tmp_path):
    assert "is no squashfs" in "\n".join(findings(open_source(image_source(tmp_path, 7, root=b"ext4" * 9))))


def test_software_without_our_wheel_is_named(tmp_path):
    folder = software_source(tmp_path, 7)
    (folder / "classroom_hub-2-py3-none-any.whl").rename(folder / "other-2-py3-none-any.whl")
    assert "no wheel classroom_hub" in "\n".join(findings(open_source(folder)))


def test_what_no_hub_takes_is_a_warning(tmp_path):
    folder = software_source(tmp_path, 7)
    (folder / "notes.txt").write_text("x")
    assert [f.severity for f in KINDS["software"].check(open_source(folder))] == ["warning"]

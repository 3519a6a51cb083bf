"""Documents are checked like code: what they name exists, and what exists is documented."""

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from content_packs.channel.write import ChannelSummary
from content_packs.kinds import KINDS
from hub.discovery import FoundHub
from hub.settings import HubSettings
from support.json_page import documented_members, members
from support.road import must
from support.sources import write_source
from tools import reference

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TWINS = [(README, ROOT / "README.uk.md")] + [
    (path, path.with_name(path.name.replace(".en.", ".uk.")))
    for path in (ROOT / "docs/howto").glob("*.en.md")
]
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#\s]*)(?:#(?P<heading>[^)\s]+))?\)")
COMMAND = re.compile(
    r"(?:^|bin/|sudo )(?P<program>packs|central|hub-image|hub)(?: --dir \S+)? (?P<rest>[a-z][^|;&>]*)"
)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Written so that this file does not hold what it forbids.
REGISTRY = re.compile(r"pypi[.]org|python[h]osted|registry[.]npmjs|\bdeb[.]debian|security[.]debian")
MACHINE_PATH = re.compile(r"(?<![\w./])/(?:work|root|home/\w+|tmp/\w+)/")
BINARY = {".zim", ".pdf", ".png", ".jpg", ".mp4", ".mp3", ".epub", ".zip", ".mo", ".webm", ".ico", ".zst"}


def relative(path):
    return str(path.relative_to(ROOT))


def read(path):
    return path.read_text(encoding="utf-8")


def command_lines(page):
    """Return the lines of a page's shell blocks, without their remarks."""
    blocks = [found["text"] for found in FENCE.finditer(read(page)) if found["language"] in ("sh", "bash")]
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def commands():
    """Return every command by its whole name, such as `hub sync`."""
    found = {}
    for program, module in reference.COMMANDS.items():
        group = import_module(module).cli
        context = reference.program_context(group, program)
        for name in group.list_commands(context):
            found[f"{program} {name}"] = group.get_command(context, name)
    return found


def shown_commands(page):
    """Yield the commands of ours that a page shows, in blocks and in the text: name, command, options."""
    known = commands()
    snippets = [*command_lines(page), *re.findall(r"`([^`\n]+)`", FENCE.sub("", read(page)))]
    for found in (found for snippet in snippets for found in COMMAND.finditer(snippet)):
        words = [word for word in found["rest"].split() if word[0] not in "…<["]
        name = " ".join([found["program"], *words[:1]])
        command = known.get(name)
        while isinstance(command, click.Group) and words[1:] and not words[1].startswith("-"):
            words = words[1:]
            name, command = f"{name} {words[0]}", command.get_command(click.Context(command), words[0])
        yield name, command, {word.partition("=")[0] for word in words if word.startswith("--")}


def slugs(page):
    """Return what the headings of a page are called in links."""
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in HEADING.findall(read(page))}


def leads_somewhere(page, path, heading):
    target = page.parent / path if path else page
    return target.exists() and (heading is None or heading in slugs(target))


def test_reference_is_current():
    # In a process of its own: click keeps a command's help option as the first call of it had it.
    command = [sys.executable, "-m", "tools.reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_reference_shows_the_help_that_a_command_prints():
    command = [Path(sys.executable).with_name("hub"), "repair", "--help"]
    printed = subprocess.run(command, env={"COLUMNS": "102"}, capture_output=True, text=True, check=True)
    assert f"```\n{printed.stdout}```\n" in read(ROOT / "docs/reference/commands.md")


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page):
    links = [(found["path"], found["heading"]) for found in LINK.finditer(read(page))]
    assert not [link for link in links if not leads_somewhere(page, *link)]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_make_jobs_that_a_page_names_exist(page):
    jobs = set(re.findall(r"^([a-z]+):.*##", read(ROOT / "Makefile"), re.MULTILINE))
    snippets = [*command_lines(page), *re.findall(r"`([^`\n]+)`", read(page))]
    named = {job for text in snippets for job in re.findall(r"\bmake ([a-z]+)\b", text)}
    assert named <= jobs, named - jobs


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_that_a_page_shows_exist(page):
    for name, command, options in shown_commands(page):
        assert command is not None, name
        known = {
            option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        assert options <= known | {"--help"}, name


@pytest.mark.parametrize(("page", "twin"), TWINS, ids=lambda path: relative(path))
def test_ukrainian_twin_shows_the_same_commands(page, twin):
    assert twin.exists(), f"{relative(page)} has no Ukrainian twin"
    assert command_lines(twin) == command_lines(page)


@pytest.mark.parametrize(("language", "quotes"), [("uk", "«([^»]+)»"), ("en", "“([^”]+)”")])
def test_words_of_the_pages_that_the_card_s_page_quotes_are_there(language, quotes):
    page = read(ROOT / f"docs/howto/card.{language}.md")
    with (ROOT / "hub/web/translations/uk/LC_MESSAGES/messages.po").open("rb") as file:
        said = [text for message in read_po(file) for text in (message.id, message.string)]
    texts = [text.replace("’", "'") for text in said if isinstance(text, str)]
    texts.append(read(ROOT / "hub/card/statusfile.py"))
    quoted = re.findall(quotes, page)
    assert quoted
    assert not [words for words in quoted if not any(words.rstrip(" …") in text for text in texts)]


UKRAINIAN = [
    *(ROOT / "docs/howto").glob("*.uk.md"),
    *(ROOT / "hub/school").glob("*.py"),
    ROOT / "hub/card/statusfile.py",
    ROOT / "docs/hub-config.html",
    ROOT / "hub/web/translations/uk/LC_MESSAGES/messages.po",
    ROOT / "provisioning/central/web/translations/uk/LC_MESSAGES/messages.po",
]


@pytest.mark.parametrize("path", UKRAINIAN, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_the_office_has_one_name_in_ukrainian(path):
    other = re.findall(r"(?i)\bцентр(?:у|ом|і|а|ові)?\b(?! сертифікації)", read(path))
    assert not other, "управління освіти, коротко управління: docs/glossary.md"


def test_readme_shows_the_whole_road():
    shown = [re.sub(r" --dir \S+", "", line) for line in command_lines(README)]
    for command in ("packs build", "central publish", "central assign", "hub init", "hub sync", "hub serve"):
        assert any(line.startswith(command) for line in shown), command


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_kind_is_in_the_format(kind):
    assert f"`{kind}`" in read(ROOT / "docs/format/pack-v1.md")


def test_every_setting_is_documented():
    documented = set(re.findall(r"^\| `(\w+)` ", read(ROOT / "docs/reference/settings.md"), re.MULTILINE))
    parts = [HubSettings, *(field.default_factory for field in dataclasses.fields(HubSettings))]
    sections = [part for part in parts if dataclasses.is_dataclass(part)]
    read_from_toml = {field.name for section in sections for field in dataclasses.fields(section)}
    assert read_from_toml - documented == {
        *("sync", "portal", "kolibri", "kiwix", "captive", "door"),
        *("unknown", "refused"),
    }


def test_every_setting_has_a_meaning():
    rows = [
        line.split("|") for line in read(ROOT / "docs/reference/settings.md").splitlines() if "| `" in line
    ]
    assert rows
    assert not [row[1].strip() for row in rows if not row[4].strip()]


@pytest.mark.parametrize("name", sorted(commands()))
def test_json_of_a_command_is_documented(name):
    if any("--json" in parameter.opts for parameter in commands()[name].params):
        assert re.search(rf"`{name}\b[^`]* --json`", read(ROOT / "docs/reference/json.md"))


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    """What commands print with --json, by name, on a whole road through folders."""
    folder = tmp_path_factory.mktemp("json")
    office, hub, depot = folder / "central", folder / "hub", folder / "central/depot"
    source = write_source(folder / "lesson")
    key = folder / "hub/keys/id_ed25519.pub"
    root = office / "hub-root.json"
    central, on_hub = ("central", "--dir", office), ("hub", "--dir", hub)
    lines = [
        ("packs check", "packs", "check", source),
        ("packs build", "packs", "build", source, "-o", folder / "built"),
        ("packs show", "packs", "show", folder / "built"),
        ("central init", "central", "init", office),
        ("hub init", "hub", "init", hub, "--root", root, "--depot", depot, "--hub-id", "h-1"),
        ("central enrol", *central, "enrol", "h-1", key, "--school", "Школа"),
        ("central publish", *central, "publish", folder / "built"),
        ("central assign", *central, "assign", "lesson", "--hub", "h-1"),
        ("central hubs", *central, "hubs"),
        ("central packs", *central, "packs"),
        ("central usb", *central, "usb", folder / "stick"),
        ("hub sync", *on_hub, "sync"),
        ("central ingest", *central, "ingest"),
        ("central fleet", *central, "fleet"),
        ("central school", *central, "school", "h-1"),
        ("central report", *central, "report", f"{datetime.now(UTC):%Y-%m}"),
        ("hub packs", *on_hub, "packs"),
        ("hub search", *on_hub, "search", "дроби"),
        ("hub repair", *on_hub, "repair"),
        ("central withdraw", *central, "withdraw", "lesson@1"),
        ("central revoke", *central, "revoke", "h-1"),
    ]
    return {name: must(*words, "--json").json for name, *words in lines}


DOCUMENTS = (
    *("packs check", "packs build", "packs show"),
    *("central init", "central enrol", "central publish", "central assign", "central hubs", "central packs"),
    *("central usb", "central withdraw", "central revoke", "central ingest", "central fleet"),
    *("central school", "central report"),
    *("hub init", "hub sync", "hub packs", "hub search", "hub repair"),
)
# What depends on the pack, and what the page says once for all commands.
ELSEWHERE = (
    *("pack.", "details.", "changes.", "packs.deltas."),
    *("hubs.packs.", "hubs.last_sync.", "hubs.health.", "hubs.notes.", "hub.", "syncs."),
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documented_members_are_those_of_a_real_run(documents, name):
    said, found = documented_members(name), members(documents[name])
    assert not {member for member in found - said if not member.startswith(ELSEWHERE)}
    empty = tuple(f"{key}." for key, value in documents[name].items() if not value)
    other = {"hub", "ring"} if name == "central assign" else set()
    assert not {member for member in said - found - other if not member.startswith((*ELSEWHERE, *empty))}


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("packs channel", {"format": 1} | ChannelSummary("c", "p", 1, "T", 1, 1, 1, ()).to_dict()),
        (
            "hub announce",
            {"format": 1, "hubs": [FoundHub("h-1", "n", "1", "10.0.0.1", 80, shares=True).to_dict()]},
        ),
    ],
)
def test_documented_members_are_those_of_the_code(command, made):
    assert documented_members(command) == members(made)


def test_every_fault_is_shown_by_tests_that_exist():
    rows = re.findall(r"^\| (C?\d+) \|.*\|(.*)\|$", read(ROOT / "docs/faults.md"), re.MULTILINE)
    of_the_card = [f"C{number}" for number in range(1, 16)]
    assert [name for name, _ in rows] == [*map(str, (*range(1, 23), 24, 25, 27, 28, 30)), *of_the_card]
    for fault, tests in rows:
        named = re.findall(r"`(tests/\S+\.py)::(\w+)`", tests)
        assert named, f"fault {fault} is shown by nothing"
        for path, name in named:
            defined = rf"^(?:def {name}\(|{name} = )"
            assert re.search(defined, read(ROOT / path), re.MULTILINE), f"fault {fault}: {path}::{name}"


def test_architecture_shows_the_layers_that_are_checked():
    contracts = tomllib.loads(read(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["hub"])
    (block,) = (
        match["text"]
        for match in FENCE.finditer(read(ROOT / "docs/architecture.md"))
        if "\ncoming " in match["text"]
    )
    assert [re.split(r"\s{2,}", line)[0] for line in block.splitlines()] == layers


def test_decisions_are_numbered_without_gaps():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs/adr").glob("[0-9]*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def project_files():
    """Return the files of the project: what git tracks; without git, all that .gitignore does not name."""
    if not (ROOT / ".git").exists():
        return unignored_files(ROOT)
    command = ["git", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name]


def unignored_files(root):
    lines = read(root / ".gitignore").splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        names = [name for name in files if not any(fnmatch(name, pattern) for pattern in ignored)]
        found += [Path(folder, name) for name in names]
    return found


def test_files_without_git_are_those_that_git_would_take(tmp_path):
    (tmp_path / ".gitignore").write_text("# made\n.venv*/\n*.pyc\n/office/\n")
    for name in ("kept/page.md", "office/keys/root-1.pem", ".venv-kolibri/lib.py", "kept/page.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(unignored_files(tmp_path)) == [tmp_path / ".gitignore", tmp_path / "kept/page.md"]


def test_repository_names_no_registry_and_no_machine():
    for path in project_files():
        if path.is_file() and path.suffix not in BINARY:
            for pattern in (REGISTRY, MACHINE_PATH):
                found = pattern.search(path.read_text(encoding="utf-8", errors="replace"))
                assert found is None, f"{relative(path)}: {found.group()}"


@pytest.mark.parametrize(("office", "most_bytes"), [(False, 700_000), (True, 250_000)])
def test_the_pictures_of_portal_and_dashboard_stay_small(office, most_bytes):
    pictures = (ROOT / "docs" / "screens").iterdir()
    sizes = [each.stat().st_size for each in pictures if each.name.startswith("dashboard-") == office]
    assert sizes
    assert sum(sizes) <= most_bytes

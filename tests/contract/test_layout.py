"""The shape of the tree is a promise too: small modules, telling names, no hidden import order."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHEEL = ("content_packs", "hub", "provisioning")
PACKAGES = (*WHEEL, "image")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
OTHERS = sorted([*(ROOT / "tools").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
MAX_LINES = 500
IMPORT_TIMEOUT_S = 240  # some hundred processes, one after another, beside other tests
# Forks a process for each module, with other people's packages loaded and none of ours.
IMPORT_EACH = """
import importlib, os, sys, traceback
import click, flask, flask_babel, gunicorn.app.base, lxml.html, paramiko, pypdf, rich.progress, sqlite_utils
import tuf.ngclient, zeroconf
for name in sys.argv[1:]:
    if (child := os.fork()) == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        print(name)
"""
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def relative(path):
    return str(path.relative_to(ROOT))


def source(path):
    return path.read_text(encoding="utf-8")


def dotted(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_modules_are_short_enough_to_read():
    lengths = {relative(path): len(source(path).splitlines()) for path in [*MODULES, *OTHERS]}
    assert not {name: lines for name, lines in lengths.items() if lines > MAX_LINES}


def test_names_say_what_is_inside():
    vague = [relative(path) for path in [*MODULES, *OTHERS] if SAYS_NOTHING & set(path.stem.split("_"))]
    assert not vague


def test_modules_say_what_they_are_for():
    assert not [relative(path) for path in MODULES if not ast.get_docstring(ast.parse(source(path)))]


OF_THE_OFFICE = tuple(
    f"provisioning/central/{name}" for name in ("filters", "fleetview", "rollouts", "sshd", "web")
)


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", *OF_THE_OFFICE])
def test_folder_states_its_rule(folder):
    lines = (ROOT / folder / "README.md").read_text(encoding="utf-8").strip().splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) >= 4


def test_every_module_imports_alone_in_a_fresh_process():
    """Tried are those that no other imports, and those of a circle, which may need a certain one of it first.

    All others come with these: whoever asks first for a module of no circle, it finds what it imports.
    """
    needs = {dotted(path): set(imports_at_once(path)) for path in MODULES}
    needs = {name: (needed & needs.keys()) - {name} for name, needed in needs.items()}
    alone = sorted((needs.keys() - set().union(*needs.values())) | set(in_circles(needs)))
    command = [sys.executable, "-W", "error", "-c", IMPORT_EACH, *alone]
    done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_TIMEOUT_S, cwd="/")
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_a_circle_of_imports_is_found():
    assert set(in_circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}})) == {"b", "c"}


def imports_at_once(path):
    """Yield what a module asks for as it is imported: modules, the packages around them, and names."""
    todo = list(ast.parse(source(path)).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            inside = () if isinstance(node, ast.FunctionDef) else ast.iter_child_nodes(node)
            todo += [child for child in inside if isinstance(child, ast.stmt | ast.excepthandler)]
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def in_circles(needs):
    """Yield the modules that need themselves by way of others."""
    for name, needed in needs.items():
        seen, todo = set(), set(needed)
        while todo:
            seen |= todo
            todo = set().union(*(needs[each] for each in todo)) - seen
        if name in seen:
            yield name


@pytest.mark.parametrize("name", ["packs", "status"])
def test_a_command_starts_without_what_others_need(name):
    """A Pi takes seconds for what it takes a tenth of a second to load elsewhere."""
    code = f"import sys; from hub.cli import cli; cli.commands[{name!r}]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")
    assert "hub.cli" in done.stdout.split()
    assert not {"flask", "markdown_it", "paramiko", "rapidfuzz", "tuf"} & set(done.stdout.split())


def test_one_module_has_one_blueprint():
    for path in (ROOT / "hub" / "web").rglob("*.py"):
        made = [node for node in ast.walk(ast.parse(source(path))) if is_blueprint(node)]
        assert len(made) <= 1, relative(path)


def is_blueprint(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Blueprint"


def test_nothing_is_left_for_a_later_issue():
    """A stub promises what does not work."""
    for path in MODULES:
        for node in ast.walk(ast.parse(source(path))):
            is_stub = isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node)
            assert not is_stub, f"{relative(path)}:{node.lineno}"


def test_the_wheel_takes_every_file_that_a_package_holds():
    """What is not named there works in a checkout and is missing on the card."""
    patterns = tomllib.loads(source(ROOT / "pyproject.toml"))["tool"]["setuptools"]["package-data"]["*"]
    files = [path for package in WHEEL for path in (ROOT / package).rglob("*") if path.is_file()]
    data = [path for path in files if path.suffix not in (".py", ".pyc")]
    assert data
    assert not [relative(path) for path in data if not any(path.match(pattern) for pattern in patterns)]

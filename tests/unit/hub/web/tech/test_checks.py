import ast
from pathlib import Path

import pytest

import hub.status
from hub.network.state import WARNINGS
from hub.web.tech.checks import CHECKS
from hub.web.tech.words import ON_CARD

HUB = Path(hub.status.__file__).parent
MODULES = ["status.py", "coming.py", "hardware.py", "wear.py", "network/state.py"]


def codes(module: str) -> set[str]:
    """The codes that a module gives to checks."""
    tree = ast.parse((HUB / module).read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    first = [c.args[0] for c in calls if c.func.id in ("Check", "_check", "_check_fault") and c.args]
    return {arg.value for arg in first if isinstance(arg, ast.Constant)}


@pytest.mark.parametrize("module", MODULES)
def test_every_check_has_its_help(module):
    assert codes(module) - set(CHECKS) == set()
    assert len(codes(module)) >= 2


def test_every_warning_of_the_network_has_its_help():
    assert {f"network-{code}" for code in WARNINGS} <= set(CHECKS)


def test_the_status_leads_to_the_help_of_what_is_wrong(portal):
    assert 'href="/help/checks#packs"' in portal.get("/tech/status").text
    page = portal.get("/help/checks").text
    for code in CHECKS:
        assert f'id="{code}"' in page
    assert page.count("<li><a") - page.count('<li><a href="/') == len(set(CHECKS.values()))


def hints(module: str) -> set[str]:
    """The texts of a module that name a command of the hub."""
    tree = ast.parse((HUB / module).read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    first = [c.args[0] for c in calls if c.func.id == "later" and c.args]
    return {arg.value for arg in first if isinstance(arg, ast.Constant) and "`hub " in arg.value}


def test_a_card_is_told_no_command(portal, monkeypatch):
    told = set().union(*map(hints, MODULES))
    assert len(told) >= 5
    assert told == set(ON_CARD)
    assert not any("`" in text for text in ON_CARD.values())
    monkeypatch.setattr("hub.web.tech.checks.is_card", lambda: True)
    assert "<code>hub" not in portal.get("/help/checks").text

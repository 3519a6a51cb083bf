"""axe-core in a page: what it finds against WCAG 2.2 AA, and what it would have a person look at."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from support.browser import find_axe
from support.tab import Tab

_WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_RUN = """function (tags) {
  function place(node) { return node.html.slice(0, 200); }
  function told(rules) {
    return rules.map(function (rule) {
      return {id: rule.id, tags: rule.tags, places: rule.nodes.map(place)};
    });
  }
  var options = {runOnly: tags, resultTypes: ['violations', 'incomplete'], iframes: false};
  return axe.run(document, options).then(
    function (result) { return {violations: told(result.violations), incomplete: told(result.incomplete)}; });
}"""


@dataclass(frozen=True, slots=True)
class Findings:
    """Lines `rule: place`."""

    violations: tuple[str, ...]
    advice: tuple[str, ...]  # best practices that are not kept
    unclear: tuple[str, ...]  # what axe cannot decide

    def to_text(self) -> str:
        """Return all as a report."""
        parts = (
            ("violations", self.violations),
            ("best practice", self.advice),
            ("incomplete", self.unclear),
        )
        return "".join(
            f"{title}:\n" + "".join(f"  {line}\n" for line in lines) for title, lines in parts if lines
        )


def examine(tab: Tab) -> Findings:
    """Let axe-core look at the page that is open; frames of packs are not the portal's."""
    tab.value(_script())
    found: dict[str, list[dict[str, Any]]] = tab.run(_RUN, [*_WCAG, "best-practice"])
    strict = [rule for rule in found["violations"] if "best-practice" not in rule["tags"]]
    advice = [rule for rule in found["violations"] if "best-practice" in rule["tags"]]
    return Findings(_lines(strict), _lines(advice), _lines(found["incomplete"]))


def _lines(rules: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(f"{rule['id']}: {place}" for rule in rules for place in rule["places"])


@cache
def _script() -> str:
    return find_axe().read_text(encoding="utf-8")

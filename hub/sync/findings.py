"""What of the status the office is told: which checks are not well, and how bad; nothing of what they say."""

from datetime import UTC, datetime

from hub.health import Level
from hub.services import read_service, was_started
from hub.settings import HubPaths, HubSettings

MAX_FINDINGS = 20
# What somebody should hear of with the next sync, when it comes and when it is over. The rest waits for the
# daily report: the office knows it by other reports, or it comes and goes with the weather and the class.
TOLD_AT_ONCE = frozenset(
    (
        "data-lost",
        "database",
        "kolibri",
        "kolibri-channel",
        "network-ap",
        "network-filter-refused",
        "network-no-filter",
        "services",
        "settings-refused",
    )
)


def list_findings(paths: HubPaths, settings: HubSettings) -> dict[str, str]:
    """Return code → level of the checks that are not good, the worst ones."""
    from hub.status import read_status  # here, not above: most syncs have nothing to tell

    worst: dict[str, Level] = {}
    for check in read_status(paths, settings, system=datetime.now(UTC)).checks:
        if check.level > Level.GOOD and (check.code != "kolibri" or _is_kolibri_awaited(paths)):
            worst[check.code] = max(check.level, worst.get(check.code, check.level))
    ranked = sorted(worst.items(), key=lambda found: (-found[1], found[0]))
    return {code: level.word for code, level in ranked[:MAX_FINDINGS]}


def _is_kolibri_awaited(paths: HubPaths) -> bool:
    """Whether Kolibri should be there: since this machine was started it was too, and not only now."""
    state = read_service(paths, "kolibri") or {}
    return was_started(paths, "kolibri") and not state.get("first", False)

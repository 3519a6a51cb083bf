"""What of the status the office is told: which checks are not well, and how bad; nothing of what they say."""

from datetime import UTC, datetime

from hub.health import Level
from hub.settings import HubPaths, HubSettings

MAX_FINDINGS = 20


def list_findings(paths: HubPaths, settings: HubSettings) -> dict[str, str]:
    """Return code → level of the checks that are not good, the worst ones."""
    from hub.status import read_status  # here, not above: most syncs have nothing to tell

    worst: dict[str, Level] = {}
    for check in read_status(paths, settings, system=datetime.now(UTC)).checks:
        if check.level > Level.GOOD:
            worst[check.code] = max(check.level, worst.get(check.code, check.level))
    ranked = sorted(worst.items(), key=lambda found: (-found[1], found[0]))
    return {code: level.word for code, level in ranked[:MAX_FINDINGS]}

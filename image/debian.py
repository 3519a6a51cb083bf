"""Where Debian is fetched from: the mirrors that this machine uses itself; the repository names none."""

import subprocess
from collections.abc import Iterable

from image.config import COMPONENTS, SUITE
from image.errors import ToolError

_FORMAT = "$(REPO_URI) $(RELEASE)"
_HINT = "Run apt-get update, or name a mirror of Debian: hub-image build --mirror URL --mirror-security URL."


def read_mirrors() -> tuple[str, ...]:
    """Return lines of sources.list for the card's Debian, of the addresses in this machine's own.

    Raises:
        ToolError: this machine has no apt, or it names no Debian.
    """
    try:
        done = subprocess.run(
            [
                "apt-get",
                "indextargets",
                "--format",
                f"{_FORMAT} $(ORIGIN) $(COMPONENT)",
                "Created-By: Packages",
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolError("apt-get does not say where Debian is", hint=_HINT) from error
    targets = [line.split() for line in done.stdout.splitlines()]
    debian = [
        (uri, release)
        for uri, release, origin, component in (t for t in targets if len(t) == 4)
        if origin == "Debian" and component == "main"
    ]
    archive = next((uri for uri, release in debian if "-" not in release), None)
    security = next((uri for uri, release in debian if release.endswith("-security")), None)
    if archive is None:
        raise ToolError("apt-get names no Debian among this machine's sources", hint=_HINT)
    return sources(archive, security)


def sources(archive: str, security: str | None) -> tuple[str, ...]:
    """Return lines of sources.list for two addresses."""
    lines = [_line(archive, SUITE), _line(archive, f"{SUITE}-updates")]
    return (*lines, *([_line(security, f"{SUITE}-security")] if security else []))


def _line(uri: str, suite: str, components: Iterable[str] = COMPONENTS) -> str:
    return f"deb {uri} {suite} {' '.join(components)}"


def host_architecture() -> str:
    """Return Debian's name of this machine's processor."""
    try:
        done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolError(
            "dpkg is missing: an image is built on Debian", hint="Build on Debian 12 or newer."
        ) from error
    return done.stdout.strip()

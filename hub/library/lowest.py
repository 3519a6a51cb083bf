"""The lowest priority, for what may take its time."""

import os
import shutil
import subprocess

_LOWEST_PRIORITY = 19


def lower_priority() -> None:
    """Give way to the portal: lessons come first on four slow cores and one card."""
    os.nice(_LOWEST_PRIORITY)
    if ionice := shutil.which("ionice"):
        subprocess.run([ionice, "-c", "3", "-p", str(os.getpid())], check=False)

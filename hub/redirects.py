"""Where a page may lead its reader next: the hub's portal and the office's dashboard go by the same rule."""

from urllib.parse import urlsplit


def is_own_path(target: str) -> bool:
    """Tell whether `target`, which anybody may have written, is a path of the site that it came to. Pure."""
    try:
        parts = urlsplit(target)
    except ValueError:  # "//[": half an address of IPv6
        return False
    plain = target.isprintable() and "\\" not in target
    return (
        plain
        and not parts.scheme
        and not parts.netloc
        and target.startswith("/")
        and not target.startswith("//")
    )

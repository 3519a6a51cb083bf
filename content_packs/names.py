"""Names that every disk of the road can hold: ext4, FAT32, exFAT, NTFS, a web address."""

import re
import unicodedata
from collections.abc import Iterable

MAX_PATH_BYTES = 1000  # leaves room for the hub's own folders below Linux's 4096
MAX_NAME_UNITS = 255  # FAT and NTFS count UTF-16 units, ext4 counts UTF-8 bytes
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_LEFT_OVERS = frozenset((".ds_store", ".git", ".svn", "thumbs.db", "__macosx", "desktop.ini"))
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


def check_path(path: str) -> list[str]:
    """Return what is wrong with a relative path of a pack, in words; nothing if it is fine everywhere."""
    if not path:
        return ["the path is empty"]
    faults = []
    if path.startswith("/"):
        faults.append("the path is absolute")
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH_BYTES:
        faults.append(f"the path is longer than {MAX_PATH_BYTES} bytes")
    for name in path.lstrip("/").split("/"):
        faults.extend(_check_name(name))
    return faults


def _check_name(name: str) -> Iterable[str]:
    if name in ("", ".", ".."):
        yield f"the path has a part {name!r}"
        return
    if not is_text(name):
        yield f"the name {name!r} is not valid UTF-8"
        return
    if found := _FORBIDDEN.search(name):
        yield f"Windows and FAT cannot hold {found[0]!r} in a name ({name!r})"
    if name[-1] in ". ":
        yield f"Windows and FAT drop the {name[-1]!r} at the end of {name!r}"
    if _DEVICES.fullmatch(name):
        yield f"{name!r} is a reserved device name on Windows"
    if len(name.encode()) > MAX_NAME_UNITS or len(name.encode("utf-16-le")) // 2 > MAX_NAME_UNITS:
        yield f"the name {name[:40]!r}… is longer than {MAX_NAME_UNITS} bytes"


def is_left_over(name: str) -> bool:
    """Tell whether another program left a file or folder of this name behind."""
    return name.lower() in _LEFT_OVERS


def is_text(text: str) -> bool:
    """Tell whether `text` is Unicode: JSON and file names may hold halves of characters, which are not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def twin_key(path: str) -> str:
    """Return what two paths share that some disk would take for one: case and Unicode form folded."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())

"""Where things lie in a depot: pure names, no I/O. Normative text: docs/format/depot-v1.md."""

import re

from content_packs.errors import UsageError

FORMAT_PATH = "FORMAT"
FORMAT_TEXT = b"classroom-hub depot 1\n"
HEADS = "heads"
NEWS = "news"
OFFICE_TARGET = "office"  # the TUF target that says what hubs must know of the office
INDEX_NAME = "index.zst"  # in a built pack, in a depot and on a hub

MIB = 1024 * 1024
SLICE_BYTES = MIB  # unit of re-fetching after damage on this disk: docs/format/pack-v1.md §4
# Of a large file that compresses, in one block. A 22 MB database takes 8.2 MB so, 9.1 MB by 1 MiB, 7.6 MB as
# a whole; a hub needs as much memory to unpack it.
PACKED_BYTES = 8 * MIB
PART_BYTES = 1024 * MIB  # FAT32 holds files below 4 GiB; 1 GiB also suits object stores
LARGE_FILE_BYTES = MIB  # from this size a file is an object of its own, below it lies in a block

_HUB_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PACK_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_PACK_ID_LENGTH = 64
MAX_VERSION = 2**31 - 1

PUBLISHER = "publisher-"  # begins the name of a role that signs packs of its own: depot-v1.md §4.1
SYSTEM_KINDS = ("filter", "image", "software")  # packs that change the hub itself: the office's alone
SIGNED_AT = "signed_at"  # our field of the timestamp role: docs/format/depot-v1.md §4.6
MAX_PRIORITY = 9  # and down to -9: docs/format/depot-v1.md §4.5
MAX_DAY_MB = 1_000_000  # 10^6 bytes, of content over the uplink; 0: nothing is said: §4.5


def check_hub_id(hub_id: str) -> str:
    """Return `hub_id`, or raise UsageError: it names files and accounts, so only [a-z0-9-], up to 63."""
    if not _HUB_ID.fullmatch(hub_id):
        raise UsageError(
            f"hub id {hub_id!r}: expected lower-case letters, digits and '-', at most 63",
            hint="Take the id that `hub init` printed, for example h-7f3a91.",
        )
    return hub_id


def is_pack_id(text: str) -> bool:
    """Tell whether `text` is kebab-case of at most 64 characters, as a pack id must be."""
    return len(text) <= MAX_PACK_ID_LENGTH and _PACK_ID.fullmatch(text) is not None


def head_path(hub_id: str) -> str:
    """The head of one hub: all current metadata that it needs, in one file."""
    return f"{HEADS}/{hub_id}"


def news_path(hub_id: str, state: str) -> str:
    """What leads one hub from the head that it has, by its `head.state_of`, to the present one."""
    return f"{news_dir(hub_id)}/{state}"


def news_dir(hub_id: str) -> str:
    """The folder of one hub's news."""
    return f"{NEWS}/{hub_id}"


def metadata_path(name: str) -> str:
    """A TUF metadata file, for example `1.root.json` or `timestamp.json`."""
    return f"tuf/{name}"


def pack_dir(pack_id: str, version: int) -> str:
    """The folder of one built pack."""
    return f"packs/{pack_id}/{version}"


def index_path(pack_id: str, version: int) -> str:
    """The index of one built pack; this path is also its TUF target path."""
    return f"{pack_dir(pack_id, version)}/{INDEX_NAME}"


def blocks_path(pack_id: str, version: int, part: int) -> str:
    """One file of concatenated blocks."""
    return f"{pack_dir(pack_id, version)}/{blocks_name(part)}"


def blocks_name(part: int) -> str:
    """The name of a file of blocks inside its pack's folder."""
    return f"blocks.{part:03d}"


def object_part_path(sha256: str, part: int) -> str:
    """One part of a large file; all parts but the last are PART_BYTES long."""
    return f"objects/{sha256[:2]}/{sha256}/{part:03d}"


def delta_path(pack_id: str, version: int, from_version: int) -> str:
    """What makes a version out of an earlier one."""
    return f"{pack_dir(pack_id, version)}/delta.{from_version}"


def inbox_dir(hub_id: str) -> str:
    """Where one hub leaves its sealed reports, each named by its SHA-256."""
    return f"inbox/{hub_id}"


def acks_path(hub_id: str) -> str:
    """The list of the reports that the office has taken in from one hub."""
    return f"acks/{hub_id}"


def assignment_target(hub_id: str) -> str:
    """The TUF target that says what one hub shall have."""
    return f"assignments/{hub_id}"

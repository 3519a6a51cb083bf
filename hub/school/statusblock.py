"""The part of hub-status.txt that the office reads: docs/format/school-config-v1.md §6. Pure."""

import base64
import hashlib
import re
from dataclasses import asdict, dataclass, fields

from hub.school.codes import SIGNS, group_signs
from hub.school.decode import decode

BEGIN = "--- classroom-hub status 1 ---"
END = "--- end ---"
_BITS = 80  # of a fingerprint
_LINE = re.compile(r"([a-z_]+): ?(.*)")


@dataclass(frozen=True, slots=True)
class StatusBlock:
    """Who a hub says it is."""

    hub_id: str
    public_key: str  # one OpenSSH line without a comment
    fingerprint: str
    school_code: str
    school_name: str


def short_fingerprint(public_key: str) -> str:
    """Return 80 bits of a key's SHA-256 as people compare them: K7RM-4XQ9-PJ2C-W8TD.

    Whoever has a card's token may look for a key of his own with the same ones: 40 bits take a day.

    Raises:
        ValueError: not an OpenSSH public key line.
    """
    parts = public_key.split()
    if len(parts) < 2:
        raise ValueError("not a public key line")
    digest = hashlib.sha256(base64.b64decode(parts[1], validate=True)).digest()
    number = int.from_bytes(digest[: _BITS // 8])
    return group_signs("".join(SIGNS[number >> shift & 31] for shift in range(_BITS - 5, -1, -5)))


def render_block(block: StatusBlock) -> str:
    """Return the block as lines."""
    lines = [f"{key}: {value}" for key, value in asdict(block).items()]
    return "\n".join([BEGIN, *lines, END])


def parse_block(data: bytes) -> StatusBlock:
    """Return the block out of a hub-status.txt, also one that an editor or a messenger has passed on.

    Raises:
        ValueError: there is none, a line is missing, or the key is not that of the fingerprint.
    """
    lines, _ = decode(data)
    stripped = [line.strip("> \t") for line in lines]
    if BEGIN not in stripped:
        raise ValueError(f"no line {BEGIN!r}")
    values: dict[str, str] = {}
    for line in stripped[stripped.index(BEGIN) + 1 :]:
        if line == END:
            break
        found = _LINE.fullmatch(line)
        if found:
            values[found[1]] = found[2].strip()
    wanted = [field.name for field in fields(StatusBlock)]
    missing = [name for name in wanted if name not in values]
    if missing:
        raise ValueError(f"no line {missing[0]!r}")
    block = StatusBlock(**{name: values[name] for name in wanted})
    if short_fingerprint(block.public_key) != block.fingerprint:
        raise ValueError(
            f"its key has the fingerprint {short_fingerprint(block.public_key)}, not {block.fingerprint}"
        )
    return block

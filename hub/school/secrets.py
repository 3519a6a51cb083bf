"""Take the secrets out of a hub-config.txt that the hub has read, and leave all else as it is."""

from hub.school.decode import decode
from hub.school.entries import read_entries
from hub.school.fields import BY_KEY
from hub.school.writer import stored_line, to_file


def remove_secrets(data: bytes, language: str) -> bytes | None:
    """Return the file with a remark in the place of each secret, or None where there is none in it.

    Lines that are no secret keep their text; the file becomes UTF-8 with CRLF.
    """
    lines, _ = decode(data)
    # An empty one says that a network is open: that is no secret, and must be said on.
    secrets = [entry for entry in read_entries(lines, []) if BY_KEY[entry.key].secret and entry.value]
    if not secrets:
        return None
    for entry in secrets:
        lines[entry.line - 1] = stored_line(BY_KEY[entry.key], language)
    return to_file("\n".join(lines))

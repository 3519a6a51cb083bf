"""Two images are compared by their parts, and the part that differs is named."""

import struct

import pytest

from image.errors import SameBytesError
from image.same import hash_parts, require_same

SECTOR = 512
STARTS = {"table": 0, "boot": 4, "root-a": 8, "root-b": 12, "data": 16}  # sectors


def write_image(path, *, changed=None):
    data = bytearray(20 * SECTOR)
    for number, (name, start) in enumerate(STARTS.items()):
        data[start * SECTOR : start * SECTOR + 4] = name[:4].encode()
        if number:
            entry = struct.pack("<B3sB3sII", 0, b"", 0x83, b"", start, 4)
            data[446 + 16 * (number - 1) : 446 + 16 * number] = entry
    data[510:512] = b"\x55\xaa"
    if changed:
        data[STARTS[changed] * SECTOR + 100] ^= 1
    path.write_bytes(data)
    return path


def test_an_image_is_the_same_as_its_copy(tmp_path):
    one, two = write_image(tmp_path / "one.img"), write_image(tmp_path / "two.img")

    assert require_same(one, two) == hash_parts(one)
    assert list(hash_parts(one)) == list(STARTS)


@pytest.mark.parametrize("part", STARTS)
def test_a_bit_that_differs_is_told_by_its_part(tmp_path, part):
    one, two = write_image(tmp_path / "one.img"), write_image(tmp_path / "two.img", changed=part)

    with pytest.raises(SameBytesError) as caught:
        require_same(one, two)

    assert [name for name in STARTS if f"{name} " in caught.value.message.partition(": ")[2]] == [part]


def test_what_is_no_image_is_said_so(tmp_path):
    other = tmp_path / "other.img"
    other.write_bytes(bytes(2 * SECTOR))

    with pytest.raises(SameBytesError, match="no image of a card"):
        require_same(write_image(tmp_path / "one.img"), other)

"""Ask whether somebody else gives out addresses in the class's network: a DHCPDISCOVER, as RFC 2131 has it.

Two such servers mean that half of a class finds no portal. Nothing is taken: an offer that nobody answers is
forgotten.
"""

import os
import socket
import struct
import time
from ipaddress import IPv4Address

_SERVER, _CLIENT = 67, 68
_COOKIE = b"\x63\x82\x53\x63"
_MESSAGE_TYPE, _SERVER_ID, _END, _PAD = 53, 54, 255, 0
_DISCOVER, _OFFER = 1, 2
_BROADCAST_FLAG = 0x8000
_HEAD = struct.Struct("!4BIHH4s4s4s4s16s64s128s")


def find_strangers(interface: str, own: IPv4Address, *, wait_s: float = 3.0) -> tuple[IPv4Address, ...]:
    """Return the addresses of other DHCP servers on an interface; needs root.

    Raises:
        OSError: the interface is not there, or somebody listens on the port.
    """
    number = int.from_bytes(os.urandom(4), "big")
    mac = bytes([0x02, *os.urandom(5)])
    found: set[IPv4Address] = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        asked.bind(("", _CLIENT))
        asked.sendto(build_discover(number, mac), ("255.255.255.255", _SERVER))
        end = time.monotonic() + wait_s
        while (left := end - time.monotonic()) > 0:
            asked.settimeout(left)
            try:
                answer, _ = asked.recvfrom(2048)
            except TimeoutError:
                break
            server = read_offer(answer, number)
            if server is not None and server != own:
                found.add(server)
    return tuple(sorted(found))


def build_discover(number: int, mac: bytes) -> bytes:
    """Return the question; servers answer it to everybody."""
    nobody = bytes(4)
    head = _HEAD.pack(1, 1, 6, 0, number, 0, _BROADCAST_FLAG, nobody, nobody, nobody, nobody, mac, b"", b"")
    options = bytes([_MESSAGE_TYPE, 1, _DISCOVER, _END])
    return head + _COOKIE + options.ljust(60, b"\0")


def read_offer(answer: bytes, number: int) -> IPv4Address | None:
    """Return which server offers an address in answer to our question; None where it is something else."""
    if len(answer) < _HEAD.size + len(_COOKIE) or answer[_HEAD.size :][:4] != _COOKIE:
        return None
    operation, _, _, _, echoed, *_ = _HEAD.unpack_from(answer)
    options = _options(answer[_HEAD.size + 4 :])
    if operation != 2 or echoed != number or options.get(_MESSAGE_TYPE) != bytes([_OFFER]):
        return None
    server = options.get(_SERVER_ID, b"")
    return IPv4Address(server) if len(server) == 4 else None


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while data and data[0] != _END:
        if data[0] == _PAD:
            data = data[1:]
            continue
        if len(data) < 2:
            break
        found.setdefault(data[0], data[2 : 2 + data[1]])
        data = data[2 + data[1] :]
    return found

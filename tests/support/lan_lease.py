"""A device's DHCP, for a guest that has no client: asks for an address and prints it as JSON.

python lan_lease.py nic
"""

import json
import os
import socket
import struct
import sys
import time

_HEAD = struct.Struct("!4BIHH4s4s4s4s16s64s128s")
_COOKIE = b"\x63\x82\x53\x63"


def ask(nic, seconds=20):
    with open(f"/sys/class/net/{nic}/address") as file:
        mac = bytes.fromhex(file.read().strip().replace(":", ""))
    number = int.from_bytes(os.urandom(4), "big")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, nic.encode())
        asked.bind(("", 68))
        asked.settimeout(4)
        end = time.monotonic() + seconds
        options = bytes([53, 1, 1])
        while time.monotonic() < end:
            head = _HEAD.pack(1, 1, 6, 0, number, 0, 0x8000, *[bytes(4)] * 4, mac, b"", b"")
            asked.sendto((head + _COOKIE + options + b"\xff").ljust(300, b"\0"), ("255.255.255.255", 67))
            try:
                answer = asked.recv(2048)
            except TimeoutError:
                continue
            said = _options(answer[_HEAD.size + 4 :])
            address = answer[16:20]
            if said.get(53) == b"\2":
                options = bytes([53, 1, 3, 50, 4, *address, 54, 4, *said[54]])
            elif said.get(53) == b"\5":
                found = {"address": address, "mask": said[1], "router": said[3], "dns": said[6]}
                return {name: socket.inet_ntoa(value[:4]) for name, value in found.items()}
    return {}


def _options(data):
    found = {}
    while data and data[0] != 255:
        if data[0] == 0:
            data = data[1:]
            continue
        found[data[0]] = data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
    return found


if __name__ == "__main__":
    json.dump(ask(sys.argv[1]), sys.stdout)

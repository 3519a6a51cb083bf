"""What a device of a class does in its namespace: a program of its own, run by netns.py. JSON in, JSON out.

{"do": "dns", "name", "server", "kind"}             found: addresses, or the code such as ["NXDOMAIN"]
{"do": "tcp", "address", "port"}                    found: "yes", "refused", "timeout", ...
{"do": "page", "host", "path", "server", "method"}  address, status, headers, body (latin-1), seconds
      more: "address" (instead of asking the server), "send" (headers), "form" (a body, encoded), "timeout_s"
{"do": "wait", "host", "path", "address", "within_s"}  seconds until it is answered with 200; -1: it was not
"""

import http.client
import json
import os
import socket
import struct
import sys
import time

_KINDS = {"A": 1, "AAAA": 28, "HTTPS": 65}
_CODES = {2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
_TIMEOUT_S = 4.0


def look_up(name, server, kind="A", timeout_s=_TIMEOUT_S):
    number = int.from_bytes(os.urandom(2), "big")
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".")) + b"\0"
    question = struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!2H", _KINDS[kind], 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.settimeout(timeout_s)
        asked.sendto(question, (server, 53))
        try:
            answer = asked.recv(4096)
        except OSError as error:
            return [type(error).__name__]
    _, flags, _, count, _, _ = struct.unpack_from("!6H", answer)
    if flags & 15:
        return [_CODES.get(flags & 15, str(flags & 15))]
    place, found = len(question), []
    for _ in range(count):
        while answer[place] and answer[place] < 192:
            place += 1 + answer[place]
        place += 2 if answer[place] else 1
        sort, _, _, length = struct.unpack_from("!HHIH", answer, place)
        place += 10
        if sort == 1:
            found.append(socket.inet_ntoa(answer[place : place + 4]))
        elif sort == 28:
            found.append(socket.inet_ntop(socket.AF_INET6, answer[place : place + 16]))
        elif sort == _KINDS["HTTPS"]:
            found.append("HTTPS")
        place += length
    return found


def connect(address, port):
    try:
        socket.create_connection((address, port), timeout=1.5).close()
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return f"{type(error).__name__} {error.errno}"
    return "yes"


def open_page(host, path, server="", method="GET", address="", send=None, form=None, timeout_s=10):
    begun = time.monotonic()
    if not address:
        found = look_up(host, server)
        address = found[0] if found else ""
    connection = http.client.HTTPConnection(address, 80, timeout=timeout_s)
    headers = {"Host": host.rstrip(".") if host.endswith("..") else host, **(send or {})}
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    elif method == "POST":
        headers["Content-Length"] = "0"
    connection.request(method, path, body=form, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode("latin-1")
    return {
        "address": address,
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "body": body,
        "seconds": time.monotonic() - begun,
    }


def wait_for_page(host, path, address, within_s):
    begun = time.monotonic()
    while time.monotonic() - begun < within_s:
        try:
            if open_page(host, path, address=address)["status"] == 200:
                return time.monotonic() - begun
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.5)
    return -1


def _answer(question):
    what = question.pop("do")
    if what == "dns":
        return {"found": look_up(**question)}
    if what == "tcp":
        return {"found": connect(**question)}
    if what == "wait":
        return {"seconds": wait_for_page(**question)}
    return open_page(**question)


if __name__ == "__main__":
    json.dump([_answer(question) for question in json.load(sys.stdin)], sys.stdout)

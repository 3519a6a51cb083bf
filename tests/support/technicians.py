"""What a technician finds at the school's hub: a stick, devices on the Wi-Fi, syncs, jobs; and signing in."""

import re
import urllib.parse
import urllib.request
from functools import cache
from http.cookiejar import CookieJar

from hub.sticks import FoundBackup, OfferedPack, Stick
from support.accounts import PASSWORD

TECHNICIAN = "technician"
BACKUP = FoundBackup(
    "hub-2026.backup", "h-test01", "Ліцей села Кваси", "2025-11-20T10:00:00+00:00", 5_000_000, True
)
STICK = Stick(
    name="sda1",
    label="ГРОМАДА",
    mount="/run/hub/sticks/sda1",
    filesystem="vfat",
    size_bytes=8_000_000_000,
    free_bytes=3_000_000_000,
    is_writable=True,
    has_depot=True,
    packs=(OfferedPack("history-ua", 4, 1, 70_000_000), OfferedPack("geography-6", 1, 0, 240_000_000)),
    backups=(BACKUP,),
    state="ready",
)
NETWORK = {
    "mode": "builtin",
    "ssid": "Ліцей Кваси",
    "country": "UA",
    "channel": 6,
    "stations": {
        "count": 3,
        "limit": 7,
        "list": [
            {"name": "…0a:1f", "signal_dbm": -50, "connected_s": 900},
            {"name": "…77:20", "signal_dbm": -70, "connected_s": 1200},
            {"name": "…be:c1", "signal_dbm": -84, "connected_s": 60},
        ],
    },
    "uplinks": [{"interface": "eth0", "sort": "ethernet", "address": "192.168.1.20/24", "gateway": None}],
    "internet": {"policy": "off", "open": False, "online": None},
    "warnings": [],
}
RUNS = [
    {
        "finished_at": "2025-11-20T06:00:00+00:00",
        "source": "sftp://h-test01@depot.example:22/",
        "result": "ok",
        "received_bytes": 12_000_000,
    },
    {
        "finished_at": "2025-11-21T06:00:00+00:00",
        "source": "sftp://h-test01@depot.example:22/",
        "result": "link-down",
        "message": "sftp://h-test01@depot.example:22/: no answer within 60 s",
        "hint": "Try again later.",
        "received_bytes": 0,
    },
]
JOBS = {
    "000001-backup": {
        "state": "failed",
        "asked_at": "2025-11-19T10:00:00+00:00",
        "message": "It did not work: %(error)s.",
        "hint": "%(advice)s",
        "result": {"error": "the stick is full", "advice": "Take another stick."},
    },
    "000002-sync-from": {
        "state": "done",
        "asked_at": "2025-11-20T10:00:00+00:00",
        "message": "Packs that are new or changed: %(packs)s; received: %(received_bytes)s.",
        "result": {"packs": 2, "received_bytes": 310_000_000},
    },
}


@cache
def session_cookies(url: str) -> dict[str, str]:
    """Sign in to the portal at `url` by its form, once; return the cookies that a browser then has."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{url}/signin", timeout=30).read().decode()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    form = {"csrf_token": token, "name": TECHNICIAN, "password": PASSWORD, "next": "/help"}
    sent = urllib.request.Request(f"{url}/signin", urllib.parse.urlencode(form).encode(), {"Origin": url})
    opener.open(sent, timeout=30).close()
    return {cookie.name: str(cookie.value) for cookie in jar}

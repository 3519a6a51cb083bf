"""How phones and computers ask whether a network leads to the Internet, and the answer that says yes.

Each system asks an address of its maker and knows the answer by heart; any other answer means a sign-in
page. Sources: field-notes/image.md §5.1 (AOSP NetworkMonitor, Microsoft's NCSI notice, Firefox all.js,
NetworkManager nm-connectivity.c). No I/O.
"""

from dataclasses import dataclass

_TEXT = "text/plain"
_HTML = "text/html"
_UTF8_TEXT = "text/plain; charset=UTF-8"
_NM_HEADER = ("X-NetworkManager-Status", "online")  # enough by itself, whatever the body


@dataclass(frozen=True, slots=True)
class Answer:
    """What the maker's own server says, byte for byte."""

    status: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _page(media_type: str, text: str, *more: tuple[str, str]) -> Answer:
    body = text.encode("ascii")
    headers = (("Content-Type", media_type), ("Content-Length", str(len(body))), *more)
    return Answer("200 OK", headers, body)


NO_CONTENT = Answer("204 No Content", (), b"")
APPLE = _page(_HTML, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>")
_FIREFOX = _page(
    _HTML, '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
)
_FIREFOX_TEXT = _page(_TEXT, "success\n")
_WINDOWS = _page(_TEXT, "Microsoft Connect Test")
_WINDOWS_OLD = _page(_TEXT, "Microsoft NCSI")
_NETWORK_MANAGER = _page(_UTF8_TEXT, "NetworkManager is online", _NM_HEADER)
_OK = _page(_TEXT, "OK")
_UBUNTU = Answer("204 No Content", (_NM_HEADER,), b"")
_KINDLE = _page(
    _HTML,
    """\
<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html>
<head>
<title>Kindle Reachability Probe Page</title>
<META http-equiv="Content-Type" content="text/html; charset=iso-8859-1">
<!--81ce4465-7167-4dcb-835b-dcc9e44c112a created with python 2.5 uuid.uuid4()-->
</head>
<body bgcolor="#ffffff" text="#000000">
81ce4465-7167-4dcb-835b-dcc9e44c112a
</body>
</html>
""",
)
# Android asks by these paths whatever its maker's host is, and there are dozens of those: Google's
# connectivitycheck.gstatic.com, connectivitycheck.android.com, www.google.com, play.googleapis.com and
# clients3.google.com; connect.rom.miui.com, connectivitycheck.platform.hicloud.com, conn1.oppomobile.com,
# conn1.coloros.com, wifi.vivo.com.cn, connectivity.samsung.com.cn; ChromeOS, Edge, Fire and Firefox too.
_ON_ANY_HOST = {
    "/generate_204": NO_CONTENT,
    "/gen_204": NO_CONTENT,
    "/captiveportal/generate_204": NO_CONTENT,  # edge-http.microsoft.com
    "/hotspot-detect.html": APPLE,
    "/library/test/success.html": APPLE,
}
_BY_PATH = {
    ("www.msftconnecttest.com", "/connecttest.txt"): _WINDOWS,
    ("ipv6.msftconnecttest.com", "/connecttest.txt"): _WINDOWS,
    ("www.msftncsi.com", "/ncsi.txt"): _WINDOWS_OLD,
    ("ipv6.msftncsi.com", "/ncsi.txt"): _WINDOWS_OLD,
    ("detectportal.firefox.com", "/canonical.html"): _FIREFOX,
    ("detectportal.firefox.com", "/success.txt"): _FIREFOX_TEXT,
    ("firefox-portal-detection.com", "/canonical.html"): _FIREFOX,
    ("firefox-portal-detection.com", "/success.txt"): _FIREFOX_TEXT,
    ("nmcheck.gnome.org", "/check_network_status.txt"): _NETWORK_MANAGER,
    ("network-test.debian.org", "/nm"): _NETWORK_MANAGER,
    ("ping.archlinux.org", "/nm-check.txt"): _NETWORK_MANAGER,
    ("conncheck.opensuse.org", "/"): _NETWORK_MANAGER,
    ("fedoraproject.org", "/static/hotspot.txt"): _OK,
    ("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html"): _KINDLE,
    ("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub-eink.html"): _KINDLE,
}
_WHATEVER_PATH = {
    "captive.apple.com": APPLE,
    "www.appleiphonecell.com": APPLE,
    "www.airport.us": APPLE,
    "www.ibook.info": APPLE,
    "www.itools.info": APPLE,
    "www.thinkdifferent.us": APPLE,
    "connectivity-check.ubuntu.com": _UBUNTU,
    "networkcheck.kde.org": _OK,
    "fireoscaptiveportal.com": NO_CONTENT,
    "cp.cloudflare.com": NO_CONTENT,
}


def find_success(host: str, path: str) -> Answer | None:
    """Return what says "you are online" to a probe; None where this is no probe.

    `host` is in lower case, without port and without a dot at its end.
    """
    return _BY_PATH.get((host, path)) or _WHATEVER_PATH.get(host) or _ON_ANY_HOST.get(path)

"""What each system asks to find out whether it is online, and what it wants to hear: written out, once more.

From field-notes/image.md §5.1, and not from hub/web/probes.py, which it checks.
"""

from dataclasses import dataclass

APPLE = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
FIREFOX = b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
KINDLE = b"""<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
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
"""


@dataclass(frozen=True)
class Probe:
    """One question, and the answer that means "online"."""

    host: str
    path: str
    status: int
    body: bytes = b""
    media_type: str = ""
    nm_status: str | None = None  # the header X-NetworkManager-Status


_ANDROID = (
    *("connectivitycheck.gstatic.com", "connectivitycheck.android.com", "www.google.com", "www.gstatic.com"),
    *("play.googleapis.com", "clients3.google.com", "connectivity.samsung.com.cn", "connect.rom.miui.com"),
    *("connectivitycheck.platform.hicloud.com", "conn1.oppomobile.com", "conn2.coloros.com"),
    *("wifi.vivo.com.cn", "fireoscaptiveportal.com", "firefox-portal-detection.com", "a-maker.example"),
)
_NM = "NetworkManager is online"
PROBES = (
    *(Probe(host, "/generate_204", 204) for host in _ANDROID),
    Probe("www.google.com", "/gen_204", 204),
    Probe("edge-http.microsoft.com", "/captiveportal/generate_204", 204),
    Probe("captive.apple.com", "/hotspot-detect.html", 200, APPLE, "text/html"),
    Probe("captive.apple.com", "/bag/x.html", 200, APPLE, "text/html"),
    Probe("www.apple.com", "/library/test/success.html", 200, APPLE, "text/html"),
    Probe("www.itools.info", "/", 200, APPLE, "text/html"),
    Probe("www.msftconnecttest.com", "/connecttest.txt", 200, b"Microsoft Connect Test", "text/plain"),
    Probe("ipv6.msftconnecttest.com", "/connecttest.txt", 200, b"Microsoft Connect Test", "text/plain"),
    Probe("www.msftncsi.com", "/ncsi.txt", 200, b"Microsoft NCSI", "text/plain"),
    Probe("detectportal.firefox.com", "/canonical.html", 200, FIREFOX, "text/html"),
    Probe("detectportal.firefox.com", "/success.txt?ipv4", 200, b"success\n", "text/plain"),
    Probe("nmcheck.gnome.org", "/check_network_status.txt", 200, _NM.encode(), "text/plain", "online"),
    Probe("network-test.debian.org", "/nm", 200, _NM.encode(), "text/plain", "online"),
    Probe("connectivity-check.ubuntu.com", "/", 204, nm_status="online"),
    Probe("connectivity-check.ubuntu.com.", "/", 204, nm_status="online"),
    Probe("networkcheck.kde.org", "/", 200, b"OK", "text/plain"),
    Probe("spectrum.s3.amazonaws.com", "/kindle-wifi/wifistub.html", 200, KINDLE, "text/html"),
)

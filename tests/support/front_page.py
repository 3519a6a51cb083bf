"""The portal's front page as whoever is outside QEMU sees it, through a port of this host."""

import http.client

_TIMEOUT_S = 20.0


def front_page(port: int) -> int:
    """Return the status of the portal's front page, or 0 where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/", headers={"Host": "hub.lan"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()

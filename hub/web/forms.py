"""Whether a form was sent by a page of this portal: browsers say so themselves, also those without scripts.

A lesson may send the same form, but not in our name.
"""

from flask import request


def comes_from_here() -> bool:
    """Tell by Origin; where a browser tells none (Firefox before 70), by Referer; neither: no."""
    sender = request.headers.get("Origin")
    if sender is None:
        return (request.referrer or "").startswith(request.host_url)
    return f"{sender}/" == request.host_url

"""How a new hub hands its public key to the office over dumb storage: docs/format/depot-v1.md §8.1.

The office makes a one-time token and lets an SSH key in that is derived from it, for this hub's account and
for some weeks. With it the hub leaves one signed request in its inbox, and the office replaces the key.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from content_packs.errors import BadDataError, BadSignatureError

PREFIX = "enrol-"  # of the request's name in an inbox
MAX_REQUEST_BYTES = 4096
_SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
_GROUPS = 8  # of four signs: 160 bits
_KEY_CONTEXT = b"classroom-hub enrol key 1\0"
_SIGN_CONTEXT = b"classroom-hub enrol request 1\0"
_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What a hub asks to be enrolled with."""

    hub_id: str
    public_key: str  # one OpenSSH line, without a comment
    school_name: str


def make_token() -> str:
    """Return a new one-time token, as a person could type it."""
    signs = [secrets.choice(_SIGNS) for _ in range(_GROUPS * 4)]
    return "-".join("".join(signs[at : at + 4]) for at in range(0, len(signs), 4))


def token_key(token: str) -> Ed25519PrivateKey:
    """Return the SSH key of a token."""
    plain = token.replace("-", "").strip().lower().encode()
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(_KEY_CONTEXT + plain).digest())


def private_text(key: Ed25519PrivateKey) -> bytes:
    """Return a private key as an OpenSSH file."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half as one OpenSSH line."""
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def encode_request(request: Request, token: str) -> tuple[str, bytes]:
    """Return name and content of a request: the same for the same hub, so that it may be sent twice."""
    text = json.dumps(asdict(request), ensure_ascii=False, sort_keys=True)
    signature = token_key(token).sign(_SIGN_CONTEXT + text.encode())
    signed = {"format": 1, "request": text, "signature": base64.b64encode(signature).decode()}
    data = json.dumps(signed, ensure_ascii=False).encode()
    return f"{PREFIX}{hashlib.sha256(data).hexdigest()}", data


def decode_request(data: bytes, *, hub_id: str, public_key: str) -> Request:
    """Return the request for `hub_id` that the key of its token signed.

    Raises:
        BadSignatureError: somebody else made it.
        BadDataError: it is no request, or for another hub.
    """
    try:
        outer = json.loads(data[:MAX_REQUEST_BYTES])
        text, signature = outer["request"], base64.b64decode(outer["signature"], validate=True)
        key = serialization.load_ssh_public_key(public_key.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise BadDataError("enrol request: the key of the token is no Ed25519 key")
        key.verify(signature, _SIGN_CONTEXT + text.encode())
        request = Request(**json.loads(text))
    except InvalidSignature as error:
        raise BadSignatureError("enrol request: not signed with this hub's token") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadDataError(f"enrol request: not one: {error}") from error
    for value in asdict(request).values():
        if not isinstance(value, str) or len(value) > _MAX_TEXT or not value.isprintable():
            raise BadDataError(f"enrol request: {str(value)[:40]!r} is no text that a hub sends")
    if request.hub_id != hub_id:
        raise BadDataError(f"enrol request: in the inbox of {hub_id}, for {request.hub_id}")
    return request

"""Ask the office to let this hub in: leave a request in its inbox, with the one-time token of its card."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from content_packs import depot
from content_packs.durable import write_durably
from content_packs.enrolment import Request, encode_request, private_text, token_key
from content_packs.errors import HubKeyRefusedError, UsageError, local_error
from content_packs.transports import open_transport
from hub.identity import list_host_keys
from hub.school.statusblock import short_fingerprint
from hub.settings import HubPaths, HubSettings


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that lies in the depot."""

    hub_id: str
    fingerprint: str  # that the office compares


def has_token(paths: HubPaths) -> bool:
    """Whether the card brought a token that was not used yet."""
    return paths.enrol_token.is_file()


def ask_to_enrol(paths: HubPaths, settings: HubSettings) -> Asked:
    """Leave a request with this hub's public key; asking again changes nothing.

    Raises:
        UsageError: there is no token. HubKeyRefusedError: it has expired, or was used.
        LinkError: the depot cannot be reached now.
    """
    token = _read(paths.enrol_token).strip()
    if not token:
        raise UsageError(
            "this hub has no token to enrol with",
            hint="Give the office hub-status.txt of the card: central enrol --from-status hub-status.txt",
        )
    public = " ".join(_read(paths.key.with_suffix(".pub")).split()[:2])
    request = Request(settings.hub_id, public, settings.portal.name[:200])
    name, data = encode_request(request, token)
    paths.run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=paths.run) as folder:
        key_path = Path(folder) / "key"
        write_durably(key_path, private_text(token_key(token)), mode=0o600)
        try:
            with open_transport(
                settings.depot_url,
                key_path=key_path,
                host_keys=list_host_keys(paths),
                connect_timeout_s=settings.sync.connect_timeout_s,
                step_timeout_s=settings.sync.step_timeout_s,
            ) as transport:
                transport.write_files(depot.inbox_dir(settings.hub_id), {name: data})
        except HubKeyRefusedError as error:
            raise HubKeyRefusedError(
                f"{settings.depot_url}: the token of this card is not accepted: it has expired, or was used",
                hint="Ask the office for a new file (central card), or give it hub-status.txt of the card.",
            ) from error
    return Asked(settings.hub_id, short_fingerprint(public))


def forget_token(paths: HubPaths) -> None:
    """Throw the token away: the office knows this hub's own key."""
    try:
        paths.enrol_token.unlink(missing_ok=True)
    except OSError as error:
        raise local_error(error, f"removing {paths.enrol_token}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    except OSError as error:
        raise local_error(error, f"reading {path}") from error

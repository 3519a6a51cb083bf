"""/publish: a pack is sent as a zip, looked through, and put on offer, by a process of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import IO

from flask import Blueprint, Flask, Request, Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from content_packs.errors import DiskFullError, UsageError
from provisioning.central.fleet import open_fleet
from provisioning.central.packs_key import packs_key_state
from provisioning.central.rollouts.stages import parse_stages
from provisioning.central.rollouts.store import Rollouts
from provisioning.central.uploads import (
    MAX_UPLOAD_BYTES,
    RESERVE_BYTES,
    UploadState,
    folder_of,
    list_uploads,
    new_upload,
    read_state,
    remove_upload,
    write_state,
)
from provisioning.central.web.dashboard import Dashboard, now, this_office
from provisioning.central.web.doing import done, note
from provisioning.central.web.signin import me, needs

bp = Blueprint("publish", __name__, url_prefix="/publish")
_SPOOLED = 1024 * 1024  # larger files go to the office's disk, not into memory nor to /tmp
_AGAIN_S = 5
_SHOWN = 200  # findings


def register(app: Flask, dashboard: Dashboard) -> None:
    """Let uploads go to the office's own disk, whatever /tmp is."""
    folder = dashboard.office.uploads

    class OfficeRequest(Request):
        """A request whose files lie below the office."""

        def _get_file_stream(
            self,
            total_content_length: int | None,
            content_type: str | None,
            filename: str | None = None,
            content_length: int | None = None,
        ) -> IO[bytes]:
            folder.mkdir(mode=0o700, exist_ok=True)
            return tempfile.SpooledTemporaryFile(max_size=_SPOOLED, mode="w+b", dir=str(folder))

    app.request_class = OfficeRequest


@bp.get("")
@needs("publisher")
def index() -> str:
    """The form, and what was sent before."""
    return render_template(
        "publish/index.html",
        section="/packs",
        uploads=list_uploads(this_office(), now=now()),
        most=min(MAX_UPLOAD_BYTES, _room()),
        key=packs_key_state(this_office()),
    )


@bp.post("")
@needs("publisher")
def upload() -> Answer:
    """Keep what was sent, and let it be looked through."""
    sent = request.files.get("pack")
    if sent is None or not sent.filename:
        raise UsageError(_("No file was chosen."))
    length = request.content_length or 0
    if length * 2 > _room():
        raise DiskFullError(f"{length} bytes came, {_room()} to spare", hint="Free some space.")
    folder = new_upload(this_office(), now=now())
    target = folder / "upload.zip"
    with target.open("xb") as file:
        shutil.copyfileobj(sent.stream, file, _SPOOLED)
    name = "".join(c if c.isprintable() else " " for c in sent.filename[-200:])
    state = UploadState(folder.name, me().name, name, target.stat().st_size, "", "checking")
    write_state(folder, state, now=now())
    note("upload", {"file": name, "size_bytes": state.size_bytes})
    _start(folder, "check")
    return done(_("The file is here and is looked through."), url_for("publish.show", upload_id=folder.name))


@bp.get("/<upload_id>")
@needs("publisher")
def show(upload_id: str) -> Response:
    """How far it is."""
    _folder, state = _find(upload_id)
    html = render_template(
        "publish/show.html",
        section="/packs",
        state=state,
        shown=_SHOWN,
        key=packs_key_state(this_office(), str(state.pack.get("id", ""))),
        known=_known_version(state),
        waits=state.phase == "done" and _is_governed(state),
    )
    response = make_response(html)
    if state.is_running:
        response.headers["Refresh"] = str(_AGAIN_S)
    return response


@bp.post("/<upload_id>")
@needs("publisher")
def publish(upload_id: str) -> Answer:
    """Put it on offer."""
    folder, state = _find(upload_id)
    if not state.is_ready:
        raise UsageError(_("This upload cannot be published as it is."))
    stages = request.form.get("stages", "").strip()
    if stages:
        parse_stages(stages)
    more = ["--yes"] if request.form.get("allow_shrink") else []
    begun = replace(state, phase="publishing", who=me().name, message="", hint="", code="", step="")
    write_state(folder, begun, now=now())
    _start(folder, "publish", *more, *filter(None, [stages]), passphrase=request.form.get("passphrase", ""))
    return done(_("Publishing has begun."), url_for("publish.show", upload_id=upload_id))


@bp.post("/<upload_id>/discard")
@needs("publisher")
def discard(upload_id: str) -> Answer:
    """Forget it."""
    folder, state = _find(upload_id)
    remove_upload(folder)
    note("upload discarded", {"file": state.file})
    return done(_("The upload is removed."), "/publish")


def _find(upload_id: str) -> tuple[Path, UploadState]:
    folder = folder_of(this_office(), upload_id)
    state = read_state(folder, now=now()) if folder else None
    return abort(404) if folder is None or state is None else (folder, state)


def _start(folder: Path, task: str, *more: str, passphrase: str = "") -> None:
    """Begin the work in a process of its own, which goes on when the dashboard is stopped."""
    command = [sys.executable, "-m", "provisioning.central.upload_work"]
    working = subprocess.Popen(
        [*command, str(this_office().dir), folder.name, task, *more, *_key_folders()],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={name: value for name, value in os.environ.items() if name != "CENTRAL_DIR"},
    )
    if working.stdin is not None:
        with working.stdin:
            working.stdin.write(passphrase.replace("\n", "").encode() + b"\n")
    threading.Thread(target=working.wait, daemon=True).start()  # else it stays in the list of processes


def _key_folders() -> list[str]:
    return [f"--key-dir={folder}" for folder in this_office().access.folders]


def _room() -> int:
    """Return how many bytes an upload may take of the office's disk, packed and unpacked together."""
    return max(0, shutil.disk_usage(this_office().dir).free - RESERVE_BYTES)


def _is_governed(state: UploadState) -> bool:
    """Whether a rollout says who gets the pack, so that nobody gets a new version by itself."""
    with open_fleet(this_office().fleet_db) as fleet:
        return state.pack.get("id") in {each.pack_id for each in Rollouts(fleet).list_governing()}


def _known_version(state: UploadState) -> int | None:
    """Return the newest version of this pack that was ever published."""
    with open_fleet(this_office().fleet_db) as fleet:
        versions = [pack.version for pack in fleet.list_packs() if pack.pack_id == state.pack.get("id")]
    return max(versions, default=None)

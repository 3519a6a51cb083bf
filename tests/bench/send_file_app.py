"""The peer for files: what a Flask application does that sends them by Flask's own means."""

from flask import Flask, Response, send_from_directory


def create(root: str) -> Flask:
    """Return an application that serves the files below `root`."""
    app = Flask(__name__, static_folder=None)

    @app.get("/<path:path>")
    def file(path: str) -> Response:
        return send_from_directory(root, path, conditional=True)

    return app

"""The technician's area, /tech/…: a module, a template and a test for each page; `frame.html` is around all.

Pages only read what is on disk. What they want done they ask for (`ask.py`), and root's runner does it.
"""

from flask import Blueprint

from hub.web.tech import ask, backup, checks, content, jobs, logs, power, status, sync, wifi, words

bp = Blueprint("tech", __name__)
for _page in (status, wifi, content, sync, power, backup, logs, jobs, ask, checks):
    bp.register_blueprint(_page.bp)
words.register(bp)

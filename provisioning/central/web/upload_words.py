"""What is wrong with an upload, in the language of the page: by the code of a finding, or of an error.

What exactly is wrong, and with which file, the checker says in English; that stands below.
"""

from collections.abc import Mapping

from flask import Flask

from hub.wording import later
from provisioning.central.web.words import translated

FINDINGS: Mapping[str, str] = {
    "absolute-link": later(
        "A link begins with “/”. Write the path from this page: a pack is not a whole site."
    ),
    "beside": later("No hub uses this file. Take it out."),
    "broken-link": later("A link leads to nothing. Add the file, or take the link out."),
    "computer-link": later("A link leads to a file of your own computer. Put the file into the pack."),
    "content": later("The folder that the field `content` names cannot be used."),
    "doubt": later("This code of a language or a licence is not known. Look whether it is right."),
    "empty-file": later("The file is empty. Copy it again."),
    "entry": later("The field `entry` must name the page of the pack that opens."),
    "epub": later("There is something wrong with this e-book."),
    "field": later("A field of pack.toml is missing or wrong."),
    "file-name": later(
        "Not every disk can hold this name: it is too long, or has signs in it that cannot be."
    ),
    "files": later("There is something wrong with this file."),
    "filter": later("The lists of the filter cannot be used."),
    "folder-link": later("A link leads to a folder without a first page. Link to a page in it."),
    "image": later("The system of the hub is not whole. Take what `make image` made."),
    "internet-link": later(
        "The page loads this from the Internet, and learners have none. Put it into the pack."
    ),
    "kolibri": later("There is something wrong with the Kolibri channel. Export it again."),
    "left-over": later("Another program left this file. Take it out."),
    "link": later("This is a link to another file. Put the file itself there."),
    "long-pdf": later("The PDF is very long: only its first pages can be looked at without downloading it."),
    "no-content": later("The pack is empty. Put the lesson's files there."),
    "not-pdf": later("The file is called a PDF and is none."),
    "not-utf8": later("The text is not in UTF-8: learners may see other letters. Save it as UTF-8."),
    "odd-subtitles": later("Browsers do not show such subtitles. Convert them to WebVTT (.vtt)."),
    "odd-video": later("Phones may not play this video. Convert it to MP4 (H.264)."),
    "outward-link": later("A link leads out of the pack. Link only to files of the pack."),
    "pdf-locked": later("The PDF opens only with a password. Save it without one."),
    "pdf-text": later("The text of the PDF cannot be read: the search finds it by its title only."),
    "software": later("The software of the hub is not whole. Take what `make image` made."),
    "special-file": later("This is neither a file nor a folder. Take it out."),
    "toml": later("pack.toml cannot be read. Texts stand in quotes."),
    "too-many-equal": later("Too many files have the same content. Take some out, or make several packs."),
    "too-many-files": later("The pack has too many files. Make several packs."),
    "twin-link": later(
        "A link differs from the file's name only in large and small letters. Write it the same."
    ),
    "twins": later("Two names differ so little that some disks take them for one. Rename one of them."),
    "unreadable": later("The file or folder cannot be read."),
    "web": later("There is something wrong with the pages."),
    "zim": later("The ZIM archive cannot be used. Download it again, or choose another."),
    "zim-words": later("The ZIM archive lacks words about itself."),
}
_DAMAGED = later("The built pack is damaged or not whole. Build it again, and send all of it.")
ERRORS: Mapping[str, str] = {  # the step at which it happened, and the code of the error; or that code alone
    "unpacking/bad-data": later(
        "The zip is damaged, or no pack is in it. Zip the folder with pack.toml anew."
    ),
    "verifying/bad-data": _DAMAGED,
    "verifying/hash-mismatch": _DAMAGED,
    "verifying/not-found": _DAMAGED,
    "publishing/bad-data": later(
        "This version may not be published: it is not newer than the last one, differs from what was "
        "published under its number, is of another kind, or much smaller."
    ),
    "key/local": later(
        "The key of the packs does not open: is the passphrase right, is the stick plugged in?"
    ),
    "bad-index": _DAMAGED,
    "bad-source": later("The pack has faults with which it cannot be built."),
    "busy": later("Another command changes the office just now. Try again a minute later."),
    "cut-short": later("The work was cut short. Begin it again."),
    "disk-full": later("There is not enough room on the office's disk."),
    "our-fault": later("A fault of this program. The log of `central serve` says more."),
    "read-only-disk": later("The office's disk or folder cannot be written."),
    "unknown-format": later("The pack was built by a newer program. Update the office first."),
}
STEPS: Mapping[str, str] = {
    "building": later("it is built"),
    "checking": later("faults are looked for"),
    "drawing pages": later("pages of PDFs become pictures"),
    "publishing": later("it is copied into the depot"),
    "unpacking": later("it is unpacked"),
    "verifying": later("it is read once more"),
}


def register(app: Flask) -> None:
    """Make the functions below known to every template of `app`."""
    app.jinja_env.globals.update(
        finding_words=finding_words, failure_words=failure_words, step_words=step_words
    )


def finding_words(code: str) -> str:
    """Return what a finding of this code says; empty where only the checker knows."""
    return translated(FINDINGS[code]) if code in FINDINGS else ""


def failure_words(code: str) -> str:
    """Return why an upload failed, by `step/code`; empty where only the English text says it."""
    text = ERRORS.get(code) or ERRORS.get(code.rpartition("/")[2])
    return translated(text) if text else ""


def step_words(step: str) -> str:
    """Return what goes on; empty for a step that has no words."""
    return translated(STEPS[step]) if step in STEPS else ""

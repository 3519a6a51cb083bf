"""What Python's zipfile raises over damaged, hostile and unusual zips."""

import lzma
import struct
import zipfile
import zlib

UNREADABLE_ZIP = (
    zipfile.BadZipFile,
    lzma.LZMAError,
    struct.error,
    zlib.error,
    EOFError,
    KeyError,  # a file that its list of files does not name
    MemoryError,  # LZMA may ask for 4 GiB
    NotImplementedError,  # a compression that Python does not know
    OSError,  # bzip2's word for damage
    RuntimeError,  # a password
    ValueError,  # names that are no text, places outside the file
)

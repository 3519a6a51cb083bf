"""The kinds of packs. A new kind is a new file here and one line below."""

from content_packs.kinds import files, image, kolibri, name_filter, software, web, zim
from content_packs.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    "files": files.KIND,
    "filter": name_filter.KIND,
    "image": image.KIND,
    "kolibri": kolibri.KIND,
    "software": software.KIND,
    "web": web.KIND,
    "zim": zim.KIND,
}

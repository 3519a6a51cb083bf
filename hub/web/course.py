"""Kolibri's channels, topics and resources as pages of the library; what they hold opens in Kolibri."""

from flask import abort, render_template

from content_packs.kinds.kolibri_nodes import find_node
from hub.library.installed import InstalledPack
from hub.web.paging import page_of

NODES_ON_A_PAGE = 60


def show_node(pack: InstalledPack, node_id: str) -> str:
    """Return the page of a channel, topic or resource; status 404 where the pack has no such.

    Raises:
        BadDataError: the channel's database is damaged.
    """
    found = find_node(pack.content_dir, node_id)
    if found is None:
        abort(404)
    if not found.node.is_topic:
        return render_template("view/resource.html", pack=pack, found=found, node=found.node)
    paging = page_of(len(found.children), NODES_ON_A_PAGE)
    return render_template(
        "view/topic.html",
        pack=pack,
        found=found,
        node=found.node,
        children=found.children[paging.slice],
        paging=paging,
    )

"""`packs channel`: a folder of lessons becomes the source of a pack that holds a Kolibri channel."""

from content_packs.channel.write import ChannelSummary, make_channel

__all__ = ["ChannelSummary", "make_channel"]

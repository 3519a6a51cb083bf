"""The front door: one nginx before the portal, the packs and Kolibri."""

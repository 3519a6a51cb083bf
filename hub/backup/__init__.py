"""A backup of what a hub has and nobody can make again; packs are not in it: the office has them."""

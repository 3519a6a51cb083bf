"""The format: what a pack is; build, sign, publish, read, move, verify. See README.md."""

"""The central installation: fleet database, keys, publish, assign."""

"""The store of files, the installed packs, the search index."""

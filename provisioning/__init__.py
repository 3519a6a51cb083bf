"""The office: schools, keys, packs on their way to hubs. See README.md."""

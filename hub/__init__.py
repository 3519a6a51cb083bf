"""The device: everything that runs in the school. See README.md."""

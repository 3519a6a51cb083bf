"""Kolibri as a supervised process: its home, its channels, its health. The package is never imported."""

"""Makes the media of samples/; README.md says how."""

"""Makes pack sources of RACHEL modules: folders of pages with an index fragment in PHP, which never runs."""

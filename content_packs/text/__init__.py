"""Bytes of a document to its title, headings and text; one file per format."""

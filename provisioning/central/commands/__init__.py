"""The commands of `central`: one file a group; each parses, calls one function, and renders."""

"""The content filter: lists of names, what each ring or school blocks, and the pack that is made of it."""

"""One session with a depot: plan (pure) and carry out."""

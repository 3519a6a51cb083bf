"""Documents to pictures of their pages, for browsers that show no documents."""

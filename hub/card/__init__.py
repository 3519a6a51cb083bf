"""What runs as root on a card only: it makes one image the hub of one school."""

"""What runs as root on a card only: the school config, slots, clock."""

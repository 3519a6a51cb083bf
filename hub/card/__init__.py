"""The card that this hub runs from: slots, first boot, clock. Runs as root, on the card only."""

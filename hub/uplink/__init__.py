"""What the uplink may carry and how long that takes: rules without I/O; time and facts are arguments."""

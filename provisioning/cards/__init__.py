"""Cards for many schools: one image or one config file each, labels to print. Touches no disk but files."""

"""Stand-ins for upstream images, built from Debian's packages, and the loopback registry that serves them."""

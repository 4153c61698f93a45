"""What is measured of a ticket beside its first response, and the targets that a plan may give for it."""

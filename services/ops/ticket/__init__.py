"""The whole history of a ticket, over all topics."""

"""One folder a service; they share nothing but the event log."""

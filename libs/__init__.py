"""What the services share: facts, arithmetic, the log protocol, and what every process needs."""

"""What every process needs: the clock, logging, settings, health, metrics, and a graceful stop."""

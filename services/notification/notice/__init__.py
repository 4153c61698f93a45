"""What becomes of a notice: its state, the attempts to deliver it, and what people order about it."""

"""`olcare backup` and `olcare restore`: all topics with their offsets, and how far every group has come."""

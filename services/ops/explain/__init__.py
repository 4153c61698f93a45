"""Why a promise ended as it did, in words, tables and JSON."""

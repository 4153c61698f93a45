"""Why a promise came to what it came to, in words, tables and JSON."""

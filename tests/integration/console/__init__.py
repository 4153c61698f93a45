"""The console in a browser, all on one installation."""

"""Tables rebuilt from the log beside those in use, proved equal, and kept up to date until nobody needs them."""

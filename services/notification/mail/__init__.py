"""From a notice to a mail, and from a mail to what the server made of it."""

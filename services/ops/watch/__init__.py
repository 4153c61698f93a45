"""The services under watch: how far each has read, what it derived, and the topics between them."""

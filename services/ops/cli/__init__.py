"""What the commands of `olcare` share: where things are, arguments and output."""

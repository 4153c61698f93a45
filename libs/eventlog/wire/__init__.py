"""What stands on the wire: records, CloudEvents, receipts, and how each of them is read."""

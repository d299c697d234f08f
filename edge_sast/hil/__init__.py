"""Many recordings on many boards: shared, retried, journalled."""

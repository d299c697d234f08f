"""One training in one folder: loop, checkpoint, metrics."""

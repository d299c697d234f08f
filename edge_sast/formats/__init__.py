"""Event files: one module a format, bytes in, events out."""

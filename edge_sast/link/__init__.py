"""One board on one line: frames, messages, windows."""

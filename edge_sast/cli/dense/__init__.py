"""What `edge-sast compare-dense` does."""

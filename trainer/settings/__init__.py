"""What is trained, as frozen records, checked."""

"""Labelled recordings in splits: read lazily, binned and cached."""

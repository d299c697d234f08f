"""Decisions on events that do not end: docs/streams.md."""

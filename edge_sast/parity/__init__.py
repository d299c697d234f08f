"""Exact equality with the runtime; the first difference is named."""

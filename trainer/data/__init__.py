"""Recordings and batches of a run."""

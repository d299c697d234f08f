"""Losses, and the ways a gradient is taken: SAM, online, adapted widths."""

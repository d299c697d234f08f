"""Figures (plain values) to words: tables and intervals."""

"""Cores, compilers and what they write: one place each."""

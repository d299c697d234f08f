"""Compiled loops over arrays: CPU (Numba) and GPU (Triton)."""

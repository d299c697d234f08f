"""The integer runtime: event-driven, bit-exact, compiled by Numba."""

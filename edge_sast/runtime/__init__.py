"""The integer runtime: event-driven, bit-exact, compiled by Numba."""

from edge_sast.runtime.simulator import RunResult, Simulator, Trace, TracedLayer

__all__ = ["RunResult", "Simulator", "Trace", "TracedLayer"]

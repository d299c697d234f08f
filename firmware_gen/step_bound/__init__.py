"""The most instructions of a step, for the C as compiled: docs/bounds.md."""

"""How many instructions a step can take at most, for the C as compiled: docs/bounds.md."""

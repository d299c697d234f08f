"""Plain functions of floats."""

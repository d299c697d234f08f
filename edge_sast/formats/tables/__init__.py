"""Events as rows of a table: text, and arrays of NumPy."""

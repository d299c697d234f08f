"""The generator of the C: tables, descriptors, package."""

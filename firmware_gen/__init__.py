"""Generators: an integer model becomes a folder of firmware. Pure functions; one function writes."""

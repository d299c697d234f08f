"""Commands on a model file."""

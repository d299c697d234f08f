"""A build folder against the runtime, wherever it runs."""

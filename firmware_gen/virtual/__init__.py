"""A board as a process behind a faulty line, for tests and benchmarks."""

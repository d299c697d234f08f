"""Events in memory: one dtype, checked; binned and back."""

"""What a plan's core will cost: cycles of every step, lanes used, bits of its memories."""

"""A model as plain tables for anybody's event processor, and the way back into the model: docs/fpga.md."""

"""The event core on an FPGA: simulated here, or to a bitstream with open tools, and what it takes of the device."""

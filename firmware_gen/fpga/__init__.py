"""The event core on an FPGA: simulated here."""

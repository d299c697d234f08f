"""FPGA boards: an exported folder of Verilog to a bitstream with open tools, and what it takes of the device."""

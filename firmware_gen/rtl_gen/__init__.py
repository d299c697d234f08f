"""What is generated for an FPGA: tables, parameters, and the folder around them."""

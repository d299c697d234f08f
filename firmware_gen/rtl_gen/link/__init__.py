"""The program and the data of rtl/sast_link.v, which speaks the board protocol."""

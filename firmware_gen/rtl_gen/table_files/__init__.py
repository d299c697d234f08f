"""Files that hold a memory image: .mem, Intel .hex, .coe and .mif, each with its writer and its strict reader.

A reader takes what its writer writes, whatever the line ends, the case of digits and the spaces, and nothing else.
"""

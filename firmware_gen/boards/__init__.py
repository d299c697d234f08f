"""Microcontroller boards: programs for them, and QEMU's."""

"""Commands that reach a device, or a program of one."""

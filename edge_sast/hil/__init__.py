"""Hardware in the loop: a board on a serial line, compared with the runtime."""

"""Which instructions a core has, and which a program uses."""

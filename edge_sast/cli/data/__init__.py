"""The commands that look at event recordings and change their form."""

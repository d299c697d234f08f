"""A build folder, the same for every target: written whole, opened, its known answers."""

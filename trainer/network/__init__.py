"""The network, its layers, its integers, its export."""

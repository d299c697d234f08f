"""edge-sast: spiking networks from PyTorch to integer devices, bit for bit."""


def __getattr__(name: str) -> str:
    """`edge_sast.__version__`, read from the installed metadata only when asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("edge-sast")
    raise AttributeError(f"module 'edge_sast' has no attribute {name!r}")

"""Models that are loaded into a core that is there already."""

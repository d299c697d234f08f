"""AEDAT, versions 1 to 4: event files of jAER, cAER, DV and dv-processing."""

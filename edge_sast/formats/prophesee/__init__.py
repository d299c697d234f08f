"""Files of Prophesee cameras: RAW (EVT2, EVT2.1, EVT3) and DAT."""

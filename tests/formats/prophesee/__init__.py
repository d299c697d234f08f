"""Tests of edge_sast/formats/prophesee."""

"""Recordings in, binned events out: readers, data sets, binning, augmentation."""

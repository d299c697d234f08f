"""Events in HDF5, in the layouts that cameras' software and data sets use."""

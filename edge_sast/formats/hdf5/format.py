"""HDF5 as one of the formats."""

from edge_sast.formats.contract import Format
from edge_sast.formats.hdf5.read import open_hdf5, resume_hdf5, sniff_hdf5
from edge_sast.formats.hdf5.write import write_hdf5

HDF5 = Format(
    "HDF5",
    "hdf5",
    (".h5", ".hdf5"),
    sniff_hdf5,
    open_hdf5,
    seeks=True,
    resume=resume_hdf5,
    write=write_hdf5,
)

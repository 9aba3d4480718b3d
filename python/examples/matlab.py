"""Frames of a MATLAB file: by scipy up to version 7, by h5py from 7.3 on."""

import h5py
import neural_vault
import scipy.io


def read(path):
    """Return the matrix `X` (frames, features) and the cell array `label`, a string for each frame."""
    try:
        variables = scipy.io.loadmat(path, simplify_cells=True)
        return variables["X"], variables["label"]
    except NotImplementedError:  # Version 7.3 is HDF5 with the axes in reverse, and a cell is a reference to its text.
        with h5py.File(path) as file:
            cells = file["label"][:].ravel()
            return file["X"][:].T, ["".join(map(chr, file[cell][:].ravel())) for cell in cells]


recordings = neural_vault.Recordings.from_frames(*read("recordings.mat"))
print(recordings)

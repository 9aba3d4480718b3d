"""Scans of an HDF5 file, by h5py."""

import h5py
import neural_vault

with h5py.File("recordings.h5") as file:
    scans = file["bold"][:]  # (scans, frames, features)
    labels = file["subject"].asstr()[:]
    sessions = file["run"].asstr()[:]

recordings = neural_vault.Recordings.from_scans(scans, labels, sessions)
print(recordings)

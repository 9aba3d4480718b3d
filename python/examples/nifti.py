"""Scans of a NIfTI image and a mask, by nibabel."""

import neural_vault
import nibabel

bold = nibabel.load("sub-01_task-rest_bold.nii.gz")
mask = nibabel.load("mask.nii.gz").get_fdata() > 0

frames = bold.get_fdata(dtype="float32")[mask].T  # (frames, voxels)
recordings = neural_vault.Recordings.from_frames(frames, labels="sub-01", sessions="rest")
print(recordings)

# The package reads NIfTI-1 without nibabel too, with the same values.
same = neural_vault.load("sub-01_task-rest_bold.nii.gz", mask="mask.nii.gz")

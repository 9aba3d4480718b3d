"""Scans of a CIFTI-2 series, by nibabel: all grayordinates, the cortex alone, or parcels of a `.ptseries.nii`."""

import neural_vault
import nibabel

image = nibabel.load("sub-01_task-rest.dtseries.nii")
series, brain = (image.header.get_axis(axis) for axis in (0, 1))

frames = image.get_fdata(dtype="float32")  # (frames, grayordinates)
cortex = frames[:, brain.surface_mask]  # (frames, vertices)
recordings = neural_vault.Recordings.from_frames(cortex, labels="sub-01", sessions="rest", times=series.time)
print(recordings)

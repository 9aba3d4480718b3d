"""Writes the files of this folder with the libraries that their users have, and what these libraries read from them.

Run in this folder, with numpy, pandas, pyarrow, nibabel and nilearn installed: python make.py
"""

import json

import nibabel
import numpy
import pandas
import pyarrow
import pyarrow.parquet
from nilearn.maskers import NiftiMasker
from nilearn.signal import clean
from nilearn.surface import InMemoryMesh, PolyMesh, SurfaceImage

random = numpy.random.default_rng(15)
expected = {}


def rows(values):
    """Rows of a matrix, a NaN as null."""
    return [[None if numpy.isnan(value) else float(value) for value in row] for row in numpy.asarray(values)]


# Cleaning: levels, drifts, a constant feature.
times = numpy.arange(12)[:, None]
signals = random.standard_normal((12, 5)) + times * [0.0, 0.3, -2.0, 10.0, 0.0] + [0.0, 5.0, -100.0, 1000.0, 0.0]
signals[:, 4] = 0.1
signals = signals.astype(numpy.float32)
expected["signals"] = rows(signals)
for detrend in [False, True]:
    for zscore in [False, True]:
        cleaned = clean(
            signals.astype(numpy.float64), detrend=detrend, standardize="zscore_sample" if zscore else None
        )
        expected[f"cleaned_{int(detrend)}{int(zscore)}"] = rows(cleaned)

# NIfTI: scaled int16 in gzip, and big-endian float64 placed by its quaternion alone.
affine = numpy.array([[-3, 0, 0, 6], [0, 3, 0.5, -4], [0, -0.5, 3, -2], [0, 0, 0, 1]], dtype=float)
image = nibabel.Nifti1Image(random.standard_normal((4, 3, 2, 5)) * 100, affine)
image.header.set_data_dtype(numpy.int16)
image.header.set_xyzt_units("mm", "msec")
image.header.set_zooms((3, 3, 3, 2000))
nibabel.save(image, "scaled.nii.gz")
mask = nibabel.Nifti1Image((random.random((4, 3, 2)) < 0.6).astype(numpy.uint8), affine)
nibabel.save(mask, "mask.nii.gz")
masker = NiftiMasker(mask_img="mask.nii.gz", standardize=None)
expected["scaled"] = rows(masker.fit_transform("scaled.nii.gz"))

rotation = numpy.array([[0, -2, 0], [2, 0, 0], [0, 0, 2]], dtype=float)
placed = numpy.eye(4)
placed[:3, :3], placed[:3, 3] = rotation, [1, 2, 3]
header = nibabel.Nifti1Header(endianness=">")
header.set_data_dtype(numpy.float64)
header.set_xyzt_units("mm", "sec")
image = nibabel.Nifti1Image(random.standard_normal((3, 2, 2, 4)), None, header)
image.set_qform(placed, 1)
image.set_sform(None, 0)
image.header["pixdim"][4] = 1.5
nibabel.save(image, "big_endian.nii")
mask = nibabel.Nifti1Image(numpy.ones((3, 2, 2), dtype=numpy.int16), nibabel.load("big_endian.nii").affine)
nibabel.save(mask, "whole.nii")
expected["big_endian"] = rows(NiftiMasker(mask_img="whole.nii", standardize=None).fit_transform("big_endian.nii"))

# GIFTI, as nilearn and as fMRIPrep write it.
faces = numpy.array([[0, 1, 2], [1, 2, 3]])
mesh = lambda: InMemoryMesh(random.standard_normal((4, 3)), faces)
left, right = (random.standard_normal((4, 3)).astype(numpy.float32) for _ in range(2))
surface = SurfaceImage(PolyMesh(left=mesh(), right=mesh()), {"left": left, "right": right})
surface.data.to_filename("face.gii")
expected["surface"] = rows(numpy.concatenate([left, right]).T)
for hemisphere, data in [("L", left), ("R", right)]:
    frames = [
        nibabel.gifti.GiftiDataArray(frame, intent="NIFTI_INTENT_TIME_SERIES", datatype="NIFTI_TYPE_FLOAT32")
        for frame in data.T
    ]
    nibabel.save(
        nibabel.gifti.GiftiImage(darrays=frames),
        f"sub-01_task-faces_run-1_space-fsaverage5_hemi-{hemisphere}_bold.func.gii",
    )

# Parquet: one table by every compression and in every form.
wide = pandas.DataFrame(
    {
        "label": ["face", "face", "house", "house"],
        "session": ["run1", "run2", "run1", "run2"],
        "timestep": [0, 0, 0, 0],
    }
)
features = random.standard_normal((4, 12)).astype(numpy.float32)
features[1, 2] = numpy.nan
for column in range(12):
    wide[f"v{column}"] = features[:, column]
expected["table"] = rows(features)
for compression in ["snappy", "gzip", "lz4", "zstd", "none"]:
    wide.to_parquet(f"wide_{compression}.parquet", compression=compression)
wide.to_parquet("wide_v2_zstd.parquet", compression="zstd", data_page_version="2.0")
wide.to_parquet("wide_brotli.parquet", compression="brotli")
listed = wide[["label", "session", "timestep"]].assign(values=list(features))
listed.to_parquet("list_zstd.parquet", compression="zstd")
listed.to_parquet("list.parquet")
long = wide.melt(["label", "session", "timestep"], value_name="prediction", var_name="vertex")
long["vertex"] = long["vertex"].str[1:].astype(int)
long = long.sort_values(["label", "session", "vertex"], ascending=[True, True, False])
long.rename(columns={"label": "video"}).to_parquet("long.parquet", index=False)
wide[[f"v{column}" for column in range(12)]].to_parquet("alone.parquet")

types = pyarrow.table(
    {
        "Label": pyarrow.array(["a", "b", "a"]).dictionary_encode(),
        "v0": pyarrow.array([0.5, None, -2.0], pyarrow.float16()),
        "v1": pyarrow.array([0.1, 1e30, None], pyarrow.float64()),
        "v2": pyarrow.array([-128, None, 127], pyarrow.int8()),
        "v3": pyarrow.array([65535, 0, 1], pyarrow.uint16()),
        "v4": pyarrow.array([2**32 - 1, 0, None], pyarrow.uint32()),
        "v5": pyarrow.array([-(2**40), 0, None], pyarrow.int64()),
        "v6": pyarrow.array([True, None, False], pyarrow.bool_()),
    }
)
pyarrow.parquet.write_table(types, "types.parquet")
numbers = types.drop_columns("Label").to_pandas().astype(float).astype(numpy.float32)
expected["types"] = rows(numbers.iloc[[0, 2, 1]])

with open("expected.json", "w") as file:
    json.dump(expected, file, indent=1)
    file.write("\n")

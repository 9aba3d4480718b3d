"""Images to embeddings in one scikit-learn pipeline: a nilearn masker, `VaultEncoder` and a classifier."""

from pathlib import Path

import sklearn
from neural_vault import VaultEncoder
from nilearn.maskers import MultiNiftiLabelsMasker
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

images = sorted(str(path) for path in Path("blocks").glob("run-*_*.nii.gz"))  # run-1_face.nii.gz: a block of one label
runs, labels = zip(*(Path(image).name.removesuffix(".nii.gz").split("_") for image in images), strict=True)

sklearn.set_config(enable_metadata_routing=True)  # so that the encoder is told the runs too
pipeline = make_pipeline(
    MultiNiftiLabelsMasker("atlas.nii.gz", standardize=None),  # raw values: the encoder has its own standardiser
    VaultEncoder("linear").set_fit_request(groups=True),
    KNeighborsClassifier(1, metric="cosine"),
)
accuracy = cross_val_score(pipeline, images, labels, params={"groups": runs}, cv=GroupKFold(3))
print(accuracy)

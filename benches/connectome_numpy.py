"""Embeds scans of 94 regions as a connectome model does, in float32 on one thread of NumPy: to compare with `cargo xtask bench connectome`.

    python3 benches/connectome_numpy.py
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import time

import numpy as np

REGIONS = 94
ROUNDS = 300


def embed(frames, whitening, mean):
    """The embedding of frames x regions."""
    centred = frames - frames.mean(0)
    standardised = centred / centred.std(0)
    correlations = standardised.T @ standardised / np.float32(len(frames))
    whitened = whitening @ correlations @ whitening
    whitened *= np.float32(REGIONS) / np.trace(whitened)
    features = -np.linalg.inv(whitened + np.eye(REGIONS, dtype=np.float32))[np.triu_indices(REGIONS, 1)] - mean
    return features / np.linalg.norm(features)


def main():
    random = np.random.default_rng(0)
    noise = random.standard_normal((REGIONS, REGIONS)).astype(np.float32) / 50
    whitening = (noise + noise.T) / 2 + np.eye(REGIONS, dtype=np.float32)
    mean = random.standard_normal(REGIONS * (REGIONS - 1) // 2).astype(np.float32) / 100
    for count in (25, 1200):
        frames = random.standard_normal((count, REGIONS)).astype(np.float32)
        assert embed(frames, whitening, mean).dtype == np.float32
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            embed(frames, whitening, mean)
            times.append(time.perf_counter() - start)
        print(f"{count} x {REGIONS}: median {np.median(times) * 1e6:.0f} us")


if __name__ == "__main__":
    main()

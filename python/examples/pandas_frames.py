"""Recordings of a pandas table with a row for each frame, and embeddings as a table."""

import neural_vault
import pandas as pd

table = pd.read_csv("frames.csv")  # columns: subject, run, volume, and a column for each region
regions = table.columns.drop(["subject", "run", "volume"])
recordings = neural_vault.Recordings.from_frames(table[regions], table["subject"], table["run"], table["volume"])

model = neural_vault.train(recordings, recipe="linear")
scans = pd.MultiIndex.from_arrays([recordings.scan_labels, recordings.scan_sessions], names=["subject", "run"])
embeddings = pd.DataFrame(model.embed(recordings), index=scans)
print(embeddings.round(2).head())

"""Weights trained elsewhere to ONNX: a PyTorch state_dict in safetensors, without PyTorch."""

import neural_vault
import numpy as np
import onnxruntime

model = neural_vault.Model.from_state_dict("weights.safetensors")
model.save("imported")  # model.onnx, model.safetensors, and model.nvb for tokens

session = onnxruntime.InferenceSession("imported/model.onnx")
windows = np.random.default_rng(0).normal(size=(4, model.window, model.features)).astype(np.float32)
(embeddings,) = session.run(["embedding"], {"frames": windows})
print("largest difference:", np.abs(embeddings - model.embed(windows)).max())

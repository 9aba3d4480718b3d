"""Models are pickled with all their bits, made of weights from elsewhere, and written in every format."""

from __future__ import annotations

import copy
import pickle

import neural_vault
import numpy as np
import pytest
from conftest import HAXBY, TRAINING, persons
from neural_vault import Model

FORMATS = ["f32", "f16", "i16", "i8i16", "i8"]


def weights(features: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    """An encoder with one layer, by PyTorch's names."""
    random = np.random.default_rng(seed)
    shapes = {"proj.weight": (16, features), "proj.bias": (16,)}
    layer = {
        "self_attn.in_proj_weight": (48, 16),
        "self_attn.in_proj_bias": (48,),
        "self_attn.out_proj.weight": (16, 16),
        "self_attn.out_proj.bias": (16,),
        "norm1.weight": (16,),
        "norm1.bias": (16,),
        "norm2.weight": (16,),
        "norm2.bias": (16,),
        "linear1.weight": (32, 16),
        "linear1.bias": (32,),
        "linear2.weight": (16, 32),
        "linear2.bias": (16,),
    }
    shapes |= {f"enc.layers.0.{name}": shape for name, shape in layer.items()}
    shapes |= {"head.0.weight": (16,), "head.0.bias": (16,)}
    shapes |= {"head.1.weight": (16, 16), "head.1.bias": (16,), "head.3.weight": (16, 16), "head.3.bias": (16,)}
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture(scope="module")
def exported(tmp_path_factory, haxby, linear) -> dict[str, Model]:
    folder = tmp_path_factory.mktemp("exported")
    training = haxby.select(sessions=TRAINING)
    return {name: linear.export(folder / f"{name}.nvb", weights=name, calibration=training) for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_a_pickled_model_has_the_same_bits(haxby, exported, name) -> None:
    model = exported[name]
    again = pickle.loads(pickle.dumps(model))
    assert again == model and again.digest == model.digest
    facts = ["labels", "sessions", "window", "recipe", "weights", "features", "latent"]
    assert [getattr(again, fact) for fact in facts] == [getattr(model, fact) for fact in facts]
    assert again.sessions == TRAINING and again.weights == name
    assert again.embed(haxby).tobytes() == model.embed(haxby).tobytes()


def test_a_pickled_model_writes_the_same_files(tmp_path, linear) -> None:
    connectome = neural_vault.train(persons(range(3)), recipe="connectome")
    for number, model in enumerate([linear, connectome]):
        model.save(tmp_path / f"first{number}")
        pickle.loads(pickle.dumps(model)).save(tmp_path / f"second{number}")
        for file in ["model.safetensors", "model.onnx", "model.nvb"]:
            first, second = (tmp_path / f"{which}{number}" / file for which in ["first", "second"])
            assert first.read_bytes() == second.read_bytes(), file


def test_a_model_of_a_bundle_is_pickled_too(tmp_path, linear) -> None:
    linear.export(tmp_path / "model.nvb")
    bundle = Model.load(tmp_path / "model.nvb")
    assert bundle.labels == []
    again = pickle.loads(pickle.dumps(bundle))
    assert (again.digest, again.labels, again.window) == (linear.digest, [], linear.window)


def test_damage_to_a_pickle_is_found(linear) -> None:
    restore, (bundle, provenance) = linear.__reduce__()
    damaged = bytearray(bundle)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(ValueError, match="digest"):
        restore(bytes(damaged), provenance)
    with pytest.raises(ValueError, match="window"):
        restore(bundle, provenance.replace('"window":9', '"window":8'))


def test_models_are_equal_by_their_digest(haxby, linear) -> None:
    other = neural_vault.train(haxby.select(sessions=TRAINING[:2]), recipe="linear")
    assert linear != other and linear != linear.digest
    assert len({linear, pickle.loads(pickle.dumps(linear)), other}) == 2
    assert copy.copy(linear) is linear and copy.deepcopy([linear])[0] is linear


@pytest.mark.parametrize("name", FORMATS)
def test_an_exported_bundle_is_that_of_the_command(tmp_path, command, haxby, linear, name) -> None:
    linear.save(tmp_path / "model")
    file = tmp_path / "model" / ("model.nvb" if name == "f32" else f"model.{name}.nvb")
    if name != "f32":
        command("export", tmp_path / "model", "--weights", name, "--data", HAXBY)
    # The sessions that did not train the model calibrate nothing.
    linear.export(tmp_path / "python.nvb", weights=name, calibration=haxby)
    assert (tmp_path / "python.nvb").read_bytes() == file.read_bytes()


def test_an_export_needs_calibration_and_replaces_nothing(tmp_path, haxby, linear) -> None:
    path = tmp_path / "model.nvb"
    with pytest.raises(ValueError, match="calibration"):
        linear.export(path, weights="i8")
    with pytest.raises(ValueError, match="none of the sessions that trained the model"):
        linear.export(path, weights="i8", calibration=haxby.select(sessions=["run05"]))
    with pytest.raises(ValueError, match="features"):
        linear.export(path, weights="i8", calibration=persons(range(1)))
    with pytest.raises(ValueError, match="none of f32, f16"):
        linear.export(path, weights="int4")
    assert not path.exists()
    linear.export(path)
    with pytest.raises(FileExistsError):
        linear.export(path)
    linear.export(path, overwrite=True)


def test_weights_from_elsewhere_make_the_model_that_the_command_imports(tmp_path, command) -> None:
    tensors = {f"module.encoder.{name}": array for name, array in weights().items()}
    tensors["loss.proxies"] = np.zeros((3, 16), np.float32)
    metadata = {"heads": "4", "window": "3", "norm_first": "True", "activation": "relu"}
    file = tmp_path / "weights.safetensors"
    file.write_bytes(neural_vault._state_dict.to_safetensors(tensors, metadata))
    data = neural_vault.Recordings.from_scans(
        np.random.default_rng(1).normal(3, 2, size=(4, 5, 6)).astype(np.float32), ["a", "a", "b", "b"]
    )
    data.save(tmp_path / "data.npz")
    more = ["--skip", "loss", "--standardise", tmp_path / "data.npz"]
    command("import", file, *more, "--out", tmp_path / "command")
    expected = Model.load(tmp_path / "command")
    with pytest.warns(UserWarning, match="left out of the tensors' names"):
        model = Model.from_state_dict(file, skip=["loss"], standardise=data)
    assert model.digest == expected.digest and model.window == 3
    model.save(tmp_path / "python")
    assert (tmp_path / "python/model.onnx").read_bytes() == (tmp_path / "command/model.onnx").read_bytes()
    with pytest.warns(UserWarning, match="skipped: loss.proxies"):
        model = Model.from_state_dict(tensors, skip=["loss"], metadata=metadata, standardise=data)
    assert model.digest == expected.digest
    del tensors["loss.proxies"], metadata["heads"], metadata["window"]
    with pytest.warns(UserWarning, match="does not standardise its input"):
        model = Model.from_state_dict(tensors, heads=4, window=3, metadata=metadata)
    assert model != expected and model.window == 3


@pytest.mark.parametrize("kind", [np.float64, np.float16, ">f4"])
def test_weights_of_other_types_become_float32(kind) -> None:
    tensors = {name: array.astype(np.float16).astype(kind) for name, array in weights().items()}
    tensors["proj.weight"] = np.asfortranarray(tensors["proj.weight"])
    with pytest.warns(UserWarning):
        model = Model.from_state_dict(tensors, heads=4)
    assert np.array_equal(model.to_state_dict()["proj.weight"], tensors["proj.weight"].astype(np.float32))


class Tensor:
    """What PyTorch's tensors offer, made of an array."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def detach(self) -> Tensor:
        return self

    def __dlpack__(self, **keywords: object) -> object:
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_weights_can_be_tensors() -> None:
    expected = Model.from_state_dict(weights(), heads=4)
    model = Model.from_state_dict({name: Tensor(array) for name, array in weights().items()}, heads=4)
    assert model == expected


def test_the_weights_of_a_model_are_those_of_its_file(tmp_path, linear) -> None:
    state = linear.to_state_dict()
    assert state["proj.weight"].shape == (128, 530) and state["proj.weight"].dtype == np.float32
    assert set(state) == {"proj.weight", "proj.bias", "standardiser.mean", "standardiser.inv_std"}
    state["proj.weight"][:] = 0
    assert linear.to_state_dict()["proj.weight"].any(), "they are copies"


def test_weights_that_are_no_encoder_are_refused(tmp_path, exported) -> None:
    missing = weights()
    del missing["head.3.bias"]
    with pytest.raises(ValueError, match=r"head\.3\.bias"):
        Model.from_state_dict(missing, heads=4)
    with pytest.raises(ValueError, match=r"tensor proj\.bias: element 0 of 16 is NaN"):
        Model.from_state_dict(weights() | {"proj.bias": np.full(16, np.nan, np.float32)}, heads=4)
    with pytest.raises(ValueError, match="heads"):
        Model.from_state_dict(weights(), heads=5)
    with pytest.raises(TypeError, match=r"tensor proj\.bias: complex64"):
        Model.from_state_dict(weights() | {"proj.bias": np.zeros(16, np.complex64)})
    with pytest.raises(TypeError, match="metadata belongs to a mapping"):
        Model.from_state_dict(tmp_path / "weights.safetensors", metadata={})
    with pytest.raises(FileNotFoundError):
        Model.from_state_dict(tmp_path / "weights.safetensors")
    with pytest.raises(ValueError, match="f16"):
        exported["f16"].to_state_dict()

"""Enrolments and their keys are those of the command, in both directions."""

from __future__ import annotations

import json
import stat
import warnings
from pathlib import Path

import neural_vault
import numpy as np
import pytest
from conftest import HAXBY, TRAINING, persons
from neural_vault import Enrolment, Model, NoAttemptsLeftError, Recordings, RejectedError, Secret

# What the shipped recordings are cut to; two tests hold what is said of it.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*frames are compared", "ignore:.*consecutive frames", "ignore:3 background persons"
)

FORMATS = ["f32", "f16", "i16", "i8i16", "i8"]


def probe(haxby: Recordings, label: str) -> Recordings:
    """A scan of a session that neither trains nor is enrolled."""
    return haxby.select(labels=[label], sessions=["run05"])


def facts(enrolment: Enrolment) -> dict[str, object]:
    """What an enrolment holds but its random identifier."""
    return {name: value for name, value in enrolment.facts.items() if name != "id"}


@pytest.fixture(scope="module")
def cat(haxby, linear) -> Enrolment:
    return Enrolment.create(linear, haxby, label="cat", enrol_sessions=["run04"])


@pytest.fixture
def saved(tmp_path, cat) -> Path:
    cat.save(tmp_path / "cat.nve")
    return tmp_path / "cat.nve"


@pytest.fixture
def secret(tmp_path) -> Secret:
    secret = Secret.random()
    secret.save(tmp_path / "secret")
    return secret


@pytest.fixture(scope="module")
def accepted(haxby, cat) -> Recordings:
    own = probe(haxby, "cat")
    assert cat.verify(own)
    return own


@pytest.fixture(scope="module")
def rejected(haxby, cat) -> Recordings:
    others = [probe(haxby, label) for label in haxby.labels if label != "cat"]
    return next(other for other in others if not cat.verify(other))


@pytest.mark.parametrize("weights", FORMATS)
def test_enrolments_and_keys_of_python_and_the_command_are_the_same(
    tmp_path, command, haxby, linear, secret, weights
) -> None:
    file = tmp_path / "model.nvb"
    # A bundle does not say what trained it, and the command is given the same bundle.
    model = linear.export(file, weights=weights, calibration=haxby.select(sessions=TRAINING))
    with pytest.warns(UserWarning, match="does not name the labels and sessions that trained it"):
        own = Enrolment.create(Model.load(file), haxby, label="cat", enrol_sessions=["run04"])
    own.save(tmp_path / "python.nve")
    command("enroll", HAXBY, "--model", file, "--label", "cat", "--sessions", "run04", "-o", tmp_path / "command.nve")
    others = Enrolment.load(tmp_path / "command.nve", model)
    assert facts(own) == facts(others) and own.facts["id"] != others.facts["id"]
    printed = json.loads(command("inspect", tmp_path / "python.nve", "--json").stdout)
    assert own.facts.items() <= printed.items()

    scan = probe(haxby, "cat")
    scan.save(tmp_path / "probe.npz")
    for enrolment, name in [(own, "python.nve"), (others, "command.nve")]:
        verify = ["verify", tmp_path / "probe.npz", "--model", file, "--enrolment", tmp_path / name]
        derive = ["--derive", "--device-secret", tmp_path / "secret"]
        assert enrolment.verify(scan)
        for context in ["", "disk 1"]:
            key = enrolment.verify_and_derive(scan, secret, context)
            assert isinstance(key, Secret) and len(key) == 32
            assert key.hex() + "\n" == command(*verify, *derive, "--context", context).stdout


def test_persons_and_their_keys_of_python_and_the_command_are_the_same(tmp_path, command, secret) -> None:
    persons(range(6)).save(tmp_path / "background.npz")
    persons(range(6, 9)).save(tmp_path / "persons.npz")
    command("train", tmp_path / "background.npz", "--recipe", "connectome", "--out", tmp_path / "model")
    model = Model.load(tmp_path / "model")
    recordings = neural_vault.load(tmp_path / "persons.npz")
    given = {"label": "person6", "enrol_sessions": ["day1"], "development_sessions": ["day2"], "frames": 30}
    own = Enrolment.create(model, recordings, **given)
    own.save(tmp_path / "python.nve")
    options = ["--label", "person6", "--sessions", "day1", "--development-sessions", "day2", "--frames", "30"]
    enroll = ["enroll", tmp_path / "persons.npz", "--model", tmp_path / "model", *options]
    command(*enroll, "-o", tmp_path / "command.nve")
    others = Enrolment.load(tmp_path / "command.nve", model)
    assert facts(own) == facts(others)
    assert own.facts["is_whole"] and own.facts["development"]["target"] == "midway" and own.eer_percent is None

    scan = recordings.select(labels=["person6"], sessions=["day2"])
    scan.save(tmp_path / "probe.npz")
    verify = ["verify", tmp_path / "probe.npz", "--model", tmp_path / "model"]
    derive = ["--derive", "--device-secret", tmp_path / "secret"]
    for enrolment, name in [(own, "python.nve"), (others, "command.nve")]:
        with pytest.warns(UserWarning, match="30 of the probe's 120 frames are compared"):
            key = enrolment.verify_and_derive(scan, secret)
        assert key.hex() + "\n" == command(*verify, "--enrolment", tmp_path / name, *derive).stdout


def test_the_background_tries_the_threshold_of_a_person_alone(tmp_path, command) -> None:
    background, alone = persons(range(6)), persons(range(6, 7))
    background.save(tmp_path / "background.npz")
    alone.save(tmp_path / "alone.npz")
    command("train", tmp_path / "background.npz", "--recipe", "connectome", "--out", tmp_path / "model")
    model = Model.load(tmp_path / "model")
    enroll = ["enroll", tmp_path / "alone.npz", "--model", tmp_path / "model", "--label", "person6"]
    command(*enroll, "-o", tmp_path / "command.nve")
    expected = facts(Enrolment.load(tmp_path / "command.nve", model))
    alone = neural_vault.load(tmp_path / "alone.npz")
    for given in [tmp_path / "model", neural_vault.load(tmp_path / "background.npz")]:
        assert facts(Enrolment.create(model, alone, label="person6", background=given)) == expected
    with pytest.warns(UserWarning, match="nobody can try the threshold"):
        untried = Enrolment.create(model, alone, label="person6")
    assert untried.facts["false_matches"]["trials"] == 0
    with pytest.warns(UserWarning, match="the model is for probes of 25 frames or more, and 10 are asked for"):
        Enrolment.create(model, alone, label="person6", background=background, frames=10)
    with pytest.raises(ValueError, match="person0 is one of the model's background persons"):
        Enrolment.create(model, background, label="person0")


def test_an_enrolment_says_what_it_is(haxby, linear, cat) -> None:
    assert (cat.label, cat.sessions, cat.model_digest, cat.model) == ("cat", ["run04"], linear.digest, linear)
    assert repr(cat) == f"<Enrolment of cat: 1 scan (run04), threshold {cat.threshold:.4f}>"
    development = cat.facts["development"]
    assert cat.eer_percent == development["eer_percent"] and development["impostor_trials"] > 0
    assert "prototype" not in cat.facts
    with pytest.raises(AttributeError):
        cat.threshold = 0.0
    by_hand = Enrolment.create(
        linear, haxby, label="cat", enrol_sessions=["run04"], threshold=0.5, probe_sessions=["run05"]
    )
    assert (by_hand.threshold, by_hand.eer_percent) == (0.5, None)
    assert by_hand.facts["outcome"]["sessions"] == ["run05"]
    assert by_hand.facts["false_matches"]["trials"] > 0


def test_fmr_windows_and_frozen_are_those_of_the_command(tmp_path, command, haxby) -> None:
    known = [label for label in haxby.labels if label != "cat"]
    training = haxby.select(sessions=TRAINING, labels=known)
    model = neural_vault.train(training, recipe="linear", open_set=True)
    model.save(tmp_path / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        own = Enrolment.create(
            model, haxby, label="cat", enrol_sessions=["run04", "run05"], frozen=True, fmr=0.1, window=3, windows=2
        )
    options = ["--sessions", "run04,run05", "--frozen", "--fmr", "0.1", "--window", "3", "--windows", "2"]
    command("enroll", HAXBY, "--model", tmp_path / "model", "--label", "cat", *options, "-o", tmp_path / "cat.nve")
    assert facts(own) == facts(Enrolment.load(tmp_path / "cat.nve", model))
    assert own.facts["policy"] == {"window_frames": 3, "windows": 2, "centred": True}
    with pytest.warns(UserWarning, match="the model never saw cat"):
        Enrolment.create(model, haxby, label="cat", enrol_sessions=["run04"])


def test_embeddings_of_few_dimensions_are_warned_of() -> None:
    frames = np.random.default_rng(0).normal(size=(8, 9, 3)) @ np.random.default_rng(1).normal(size=(3, 20))
    flat = Recordings.from_scans(frames, ["cat", "face"] * 4, np.repeat(["run04", "run05", "a", "b"], 2))
    model = neural_vault.train(flat.select(sessions=["a", "b"]), recipe="linear")
    with pytest.warns(UserWarning, match=r"the embeddings use \d\.\d of 128 dimensions: prototypes are easy to guess"):
        Enrolment.create(model, flat, label="cat", enrol_sessions=["run04", "run05"], threshold=0.5)


def test_each_rejected_scan_costs_an_attempt_until_none_is_left(
    tmp_path, command, saved, linear, secret, accepted, rejected
) -> None:
    enrolment = Enrolment.load(saved, linear)
    assert enrolment.attempts_left == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat.nve", "secret"], "asking writes nothing"
    with pytest.raises(RejectedError, match="rejected, 4 attempts left") as error:
        enrolment.verify_and_derive(rejected, secret)
    assert error.value.attempts_left == enrolment.attempts_left == 4
    enrolment.verify_and_derive(accepted, secret)
    assert enrolment.attempts_left == 5
    for left in [4, 3]:
        with pytest.raises(RejectedError, match=f"rejected, {left} attempts left"):
            enrolment.verify_and_derive(rejected, secret)
    # The command counts in the same file.
    linear.save(tmp_path / "model")
    rejected.save(tmp_path / "probe.npz")
    verify = ["verify", tmp_path / "probe.npz", "--model", tmp_path / "model", "--enrolment", saved]
    derive = ["--derive", "--device-secret", tmp_path / "secret"]
    assert command(*verify, *derive, code=1).stdout == "rejected, 2 attempts left\n"
    for left in ["1 attempt", "0 attempts"]:
        with pytest.raises(RejectedError, match=f"rejected, {left} left"):
            enrolment.verify_and_derive(rejected, secret)
    for scan in [accepted, rejected]:
        with pytest.raises(NoAttemptsLeftError, match="no attempts left: the enrolment takes no more; enrol again"):
            enrolment.verify_and_derive(scan, secret)
    assert enrolment.attempts_left == 0
    assert enrolment.verify(accepted), "without a key nothing is counted"


def test_a_replaced_enrolment_begins_with_all_attempts(saved, haxby, linear, secret, accepted, rejected) -> None:
    old = Enrolment.load(saved, linear)
    with pytest.raises(RejectedError):
        old.verify_and_derive(rejected, secret)
    key = old.verify_and_derive(accepted, secret)
    with pytest.raises(RejectedError):
        old.verify_and_derive(rejected, secret)
    new = Enrolment.create(linear, haxby, label="cat", enrol_sessions=["run04"])
    with pytest.raises(FileExistsError):
        new.save(saved)
    assert Enrolment.load(saved, linear).attempts_left == 4 and new.attempts_left is None
    new.save(saved, overwrite=True)
    assert new.attempts_left == 5
    assert new.verify_and_derive(accepted, secret) != key, "each enrolment has a key of its own"
    with pytest.raises(ValueError, match="holds another enrolment by now"):
        old.verify_and_derive(accepted, secret)
    saved.unlink()
    with pytest.raises(FileNotFoundError):
        new.verify_and_derive(accepted, secret)


def test_a_file_is_for_its_owner_and_for_its_model(tmp_path, haxby, saved, cat) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    other = neural_vault.train(haxby.select(sessions=TRAINING[:2]), recipe="linear")
    with pytest.raises(ValueError, match="made with model"):
        Enrolment.load(saved, other)
    with pytest.raises(FileNotFoundError):
        Enrolment.load(tmp_path / "absent.nve", other)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        cat.save(tmp_path / "absent/cat.nve")
    damaged = bytearray(saved.read_bytes())
    damaged[40] ^= 1
    saved.write_bytes(damaged)
    with pytest.raises(ValueError, match="not a sound enrolment"):
        Enrolment.load(saved, cat.model)


def test_without_a_file_there_is_no_key(cat, haxby, linear, accepted) -> None:
    unsaved = Enrolment.create(linear, haxby, label="cat", enrol_sessions=["run04"])
    assert unsaved.attempts_left is None and unsaved.verify(accepted)
    with pytest.raises(ValueError, match="in no file yet"):
        unsaved.verify_and_derive(accepted, Secret.random())


def test_any_32_bytes_are_a_device_secret(saved, linear, accepted, secret) -> None:
    enrolment = Enrolment.load(saved, linear)
    expected = enrolment.verify_and_derive(accepted, secret, "disk")
    for same in [bytes(secret), bytearray(secret), memoryview(secret), np.frombuffer(secret, np.uint8)]:
        assert enrolment.verify_and_derive(accepted, same, b"disk") == expected
    assert enrolment.verify_and_derive(accepted, secret, "disk 2") != expected
    assert enrolment.verify_and_derive(accepted, Secret.random(), "disk") != expected
    for wrong, error in [(bytes(31), ValueError), (b"", ValueError), ("text", TypeError), (None, TypeError)]:
        with pytest.raises(error, match="32 bytes"):
            enrolment.verify_and_derive(accepted, wrong)
    secret.clear()
    with pytest.raises(ValueError, match="was cleared"):
        enrolment.verify_and_derive(accepted, secret)
    assert enrolment.attempts_left == 5


def test_a_scan_is_an_array_a_scan_or_recordings_of_one(saved, linear, accepted, secret) -> None:
    enrolment = Enrolment.load(saved, linear)
    key = enrolment.verify_and_derive(accepted, secret)
    frames = accepted[0].frames
    for same in [frames, frames.astype(np.float64), np.asfortranarray(frames), frames.astype(">f4"), accepted[0]]:
        assert enrolment.verify(same) is True
        assert enrolment.verify_and_derive(same, secret) == key


def test_scans_that_cannot_be_compared_cost_no_attempt(saved, haxby, linear, accepted, secret) -> None:
    enrolment = Enrolment.load(saved, linear)
    frames = accepted[0].frames
    constant = frames.copy()
    constant[3] = 7
    for scan, text in [
        (frames[:, :100], "a frame has 100 features, the model takes 530"),
        (frames.T, "transposed"),
        (constant, "timestep"),
        (np.full_like(frames, np.nan), "every value is NaN"),
        (haxby, "one scan is verified, not 48"),
        (np.stack([frames, frames]), "shape"),
        (np.zeros((0, 530)), "shape"),
    ]:
        with pytest.raises(ValueError, match=text):
            enrolment.verify(scan)
        with pytest.raises(ValueError, match=text):
            enrolment.verify_and_derive(scan, secret)
    with pytest.raises(TypeError):
        enrolment.verify("probe.npz")
    assert enrolment.attempts_left == 5


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"label": "dog"}, "no label dog in the recordings"),
        ({"enrol_sessions": ["run09"]}, "no session run09"),
        ({"enrol_sessions": ["run00"]}, "session run00 trained the model"),
        ({"fmr": 0.0}, "a false match rate of 0 is not between 0 and 1"),
        ({"fmr": 0.1, "threshold": 0.5}, "not both"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"window": 10}, "windows of 10 frames: the longest scan"),
        ({"window": 0}, "window: 0; at least 1"),
        ({"frames": 30}, "frames needs a connectome model"),
        ({"background": HAXBY}, "background needs a connectome model"),
    ],
)
def test_settings_that_cannot_be_are_refused(haxby, linear, settings, text) -> None:
    given = {"label": "cat", "enrol_sessions": ["run04"]} | settings
    with pytest.raises(ValueError, match=text):
        Enrolment.create(linear, haxby, **given)


def test_settings_of_a_model_that_embeds_windows_are_refused_with_a_connectome() -> None:
    model = neural_vault.train(persons(range(3)), recipe="connectome")
    for settings in [{"window": 3}, {"windows": 3}, {"frozen": True}]:
        with pytest.raises(ValueError, match="needs a model that embeds windows; this is a connectome model"):
            Enrolment.create(model, persons(range(3, 5)), label="person3", **settings)
    with pytest.raises(ValueError, match="frames: 1; a scan of persons has 2"):
        Enrolment.create(model, persons(range(3, 5)), label="person3", frames=1)
    with pytest.raises(ValueError, match="40 frames to enrol, fewer than 100"):
        Enrolment.create(model, persons(range(3, 5), frames=20), label="person3")


def test_sessions_are_lists_and_frozen_needs_a_linear_model(haxby, linear) -> None:
    with pytest.raises(TypeError, match="enrol_sessions: a list of names is needed"):
        Enrolment.create(linear, haxby, label="cat", enrol_sessions="run04")
    with pytest.raises(ValueError, match="probe_sessions: the list is empty"):
        Enrolment.create(linear, haxby, label="cat", enrol_sessions=["run04"], probe_sessions=[])
    trained = neural_vault.train(haxby.select(sessions=TRAINING), steps=1, engine="tract")
    with pytest.raises(ValueError, match="frozen enrolment needs a linear model"):
        Enrolment.create(trained, haxby, label="cat", enrol_sessions=["run04"], frozen=True)

"""Secrets are cleared, not shown, not copied, and in files as the command has them."""

from __future__ import annotations

import copy
import hashlib
import pickle
import stat

import neural_vault
import pytest
from neural_vault import Secret

CONTENT = hashlib.sha256(b"a secret").digest()


def test_a_drawn_secret_has_32_bytes_and_the_next_one_differs() -> None:
    first, second = Secret.random(), Secret.random()
    assert len(first) == len(second) == 32
    assert first != second


def test_a_secret_reads_back_and_the_command_takes_it(tmp_path, command) -> None:
    secret = Secret.random()
    path = tmp_path / "secret"
    secret.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == secret.hex() + "\n"
    assert Secret.load(path) == secret
    assert "a sound secret of 256 bits" in command("inspect", path).stdout
    with pytest.raises(FileExistsError):
        Secret.random().save(path)
    assert Secret.load(path) == secret
    other = Secret.random()
    other.save(path, overwrite=True)
    assert Secret.load(path) == other


def test_a_secret_of_the_command_is_read_in_either_form(tmp_path, command) -> None:
    path = tmp_path / "secret"
    command("secret", "-o", path)
    secret = Secret.load(str(path))
    assert secret.hex() == path.read_text().strip()
    path.write_bytes(secret)
    assert Secret.load(path) == secret


def test_a_file_that_others_can_read_is_warned_of(tmp_path) -> None:
    path = tmp_path / "secret"
    path.write_text(CONTENT.hex())
    path.chmod(0o644)
    with pytest.warns(UserWarning, match="is open to others than its owner; `chmod 600` it"):
        assert Secret.load(path) == CONTENT


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"correct horse battery staple 123", "a passphrase, not 32 random bytes"),
        (bytes(32), "a placeholder, not a secret"),
        (CONTENT[:31], "a secret is 32 bytes, or 64 hexadecimal digits"),
        (CONTENT.hex()[:32].encode(), "128 bits"),
    ],
)
def test_placeholders_and_passphrases_are_refused(tmp_path, content, text) -> None:
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=text):
        Secret.load(path)


def test_a_file_that_is_not_there_is_not_found(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="cannot be read"):
        Secret.load(tmp_path / "absent")


def test_a_secret_is_not_shown() -> None:
    secret = Secret(CONTENT)
    for text in [repr(secret), str(secret), f"{secret}", repr([secret])]:
        assert "<Secret of 32 bytes>" in text and CONTENT.hex() not in text and repr(CONTENT) not in text


def test_a_secret_is_neither_copied_nor_pickled_nor_grown() -> None:
    secret = Secret(CONTENT)
    for attempt in [
        lambda: pickle.dumps(secret),
        lambda: copy.copy(secret),
        lambda: copy.deepcopy([secret]),
        secret.copy,
        lambda: secret.append(1),
        lambda: secret.extend(b"12"),
        lambda: secret.insert(0, 1),
        secret.pop,
        lambda: secret + b"1",
        lambda: secret * 2,
        lambda: secret < CONTENT,
        lambda: hash(secret),
    ]:
        with pytest.raises(TypeError):
            attempt()
    with pytest.raises(TypeError):
        secret += b"1"
    assert secret == CONTENT and len(secret) == 32


def test_secrets_are_equal_by_their_bytes_and_to_nothing_else() -> None:
    secret = Secret(CONTENT)
    assert secret == Secret(CONTENT) and secret == CONTENT and secret == bytearray(CONTENT)
    assert secret != CONTENT[:31] and secret != bytes(32) and secret != CONTENT.hex() and secret != 7


def test_a_secret_is_cleared_by_hand_by_with_and_when_it_is_dropped() -> None:
    seen: list[bytes] = []

    class Watched(Secret):
        def clear(self) -> None:
            super().clear()
            seen.append(bytes(self))

    view = memoryview(secret := Secret(CONTENT))
    secret.clear()
    assert bytes(view) == bytes(32), "where the bytes are, not in another place"
    with Watched(CONTENT) as secret:
        assert secret == CONTENT
    assert seen == [bytes(32)] and secret == bytes(32)
    seen.clear()
    del secret
    assert seen == [bytes(32)]


@pytest.mark.parametrize(("content", "error"), [(b"short", ValueError), (32, TypeError), ("text", TypeError)])
def test_a_secret_is_32_bytes(content, error) -> None:
    with pytest.raises(error, match="32 bytes"):
        Secret(content)


def test_the_exceptions_of_a_rejection_are_of_one_kind_and_pickle() -> None:
    error = pickle.loads(pickle.dumps(neural_vault.RejectedError(1)))
    assert (str(error), error.attempts_left) == ("rejected, 1 attempt left", 1)
    assert str(neural_vault.RejectedError(4)) == "rejected, 4 attempts left"
    assert issubclass(neural_vault.NoAttemptsLeftError, neural_vault.RejectedError)
    assert pickle.loads(pickle.dumps(neural_vault.NoAttemptsLeftError())).attempts_left == 0

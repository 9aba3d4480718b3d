"""Secrets and keys of 256 bits, which are cleared when they are no longer used."""

from __future__ import annotations

import hmac
import os
from types import TracebackType
from typing import Any, NoReturn, Self

from . import _native
from .recordings import Path

LENGTH = 32
"""Bytes of a secret."""


class Secret(bytearray):
    """A device secret, or a key: 32 bytes that are cleared when they are no longer used.

    It is a `bytearray`, so that it can be given to whatever takes bytes: `hashlib`, `hmac`, a cipher, a file. It is cleared by
    `clear`, at the end of a `with` block, and when Python drops it. It does not show its content, is compared in constant time,
    and is neither copied nor pickled.

    What it cannot promise: `bytes(secret)`, a slice, `secret.hex()` and whatever another library makes of it are copies that
    nothing clears. Python does not say when it drops an object that is part of a cycle, or at the end of the process. The
    system may write memory to its swap space or a core dump. The bytes that a secret is made of stay where they were, so
    `Secret.load` and `Secret.random` are better than `Secret(b"...")`.

    Parameters
    ----------
    content : bytes-like
        32 bytes, which are copied.

    Examples
    --------
    >>> secret = Secret.random()
    >>> len(secret)
    32
    >>> with secret:
    ...     print(secret)
    <Secret of 32 bytes>
    >>> any(secret)
    False
    """

    __slots__ = ()
    __hash__ = None

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        if isinstance(content, (int, str)):
            raise TypeError(f"a secret is {LENGTH} bytes, not {type(content).__name__}")
        with memoryview(content) as view:
            if view.nbytes != LENGTH:
                raise ValueError(f"a secret has {LENGTH} bytes, not {view.nbytes}")
            super().__init__(view.cast("B"))

    @classmethod
    def random(cls) -> Secret:
        """Draw a secret from the system's random generator."""
        secret = cls(bytes(LENGTH))
        _native.random_secret(secret)
        return secret

    @classmethod
    def load(cls, path: Path) -> Secret:
        """Read a secret from a file of 32 bytes, or of 64 hexadecimal digits, as `neural-vault secret` writes it.

        Warns where users other than its owner can read the file.

        Parameters
        ----------
        path : path
            The file.

        Raises
        ------
        ValueError
            The file holds no secret, or a placeholder or a passphrase in place of one.
        OSError
            The file cannot be read.
        """
        secret = cls(bytes(LENGTH))
        _native.load_secret(os.fspath(path), secret)
        return secret

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Write the secret as 64 hexadecimal digits to a file that its owner alone can read.

        Parameters
        ----------
        path : path
            The file.
        overwrite : bool
            Replace a file that is there.

        Raises
        ------
        FileExistsError
            The file is there; keys made with the secret in it could never be made again.
        """
        _native.save_secret(os.fspath(path), exposed(self), overwrite)

    def clear(self) -> None:
        """Overwrite the bytes with zeros, where they are."""
        self[:] = bytes(len(self))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.clear()

    def __del__(self) -> None:
        self.clear()

    def __repr__(self) -> str:
        return f"<Secret of {len(self)} bytes>"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (bytes, bytearray, memoryview)):
            return NotImplemented
        return hmac.compare_digest(self, other)

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a secret keeps its length and its order, and is neither copied nor pickled")

    # What would leave a copy behind: growth moves the bytes, and a copy is cleared by nobody.
    append = extend = insert = pop = remove = reverse = copy = _refuse
    __iadd__ = __imul__ = __delitem__ = __add__ = __mul__ = __rmul__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __copy__ = __deepcopy__ = __reduce__ = __reduce_ex__ = _refuse


def exposed(secret: Any) -> Any:
    """Return a secret for the native module; refuse one that was cleared."""
    if isinstance(secret, Secret) and hmac.compare_digest(secret, bytes(LENGTH)):
        raise ValueError("the secret was cleared")
    return secret

"""Exceptions."""

from __future__ import annotations


class RejectedError(Exception):
    """A scan was not accepted, so that there is no key.

    It says no score: with scores a stranger finds the prototype step by step.

    Parameters
    ----------
    attempts_left : int
        Attempts that are left.
    """

    def __init__(self, attempts_left: int) -> None:
        super().__init__(attempts_left)
        self.attempts_left = attempts_left

    def __str__(self) -> str:
        return f"rejected, {self.attempts_left} attempt{'' if self.attempts_left == 1 else 's'} left"


class NoAttemptsLeftError(RejectedError):
    """No attempt was left, so that the scan was not compared.

    Parameters
    ----------
    attempts_left : int
        Attempts that are left: none.
    """

    def __init__(self, attempts_left: int = 0) -> None:
        super().__init__(attempts_left)

    def __str__(self) -> str:
        return "no attempts left: the enrolment takes no more; enrol again"

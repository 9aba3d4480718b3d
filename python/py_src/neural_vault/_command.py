"""The command line `neural-vault`."""

import sys

from . import _native


def main() -> int:
    """Run the command that the arguments of the process name."""
    return _native.main(["neural-vault", *sys.argv[1:]])

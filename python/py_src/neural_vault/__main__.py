"""The command line, as `python -m neural_vault`."""

import sys

from ._command import main

sys.exit(main())

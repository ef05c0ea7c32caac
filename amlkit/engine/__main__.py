"""`python -m amlkit.engine preview|up|refresh|destroy|cancel|stack|config …`: the embedded engine by Pulumi's words."""

import sys

from amlkit.engine.cli import main

sys.exit(main(sys.argv[1:]))

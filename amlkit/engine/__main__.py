"""`python -m amlkit.engine VERB …`: the embedded engine by Pulumi's words; `cli` knows the verbs."""

import sys

from amlkit.engine.cli import main

sys.exit(main(sys.argv[1:]))

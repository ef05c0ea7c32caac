"""Parity cases: stories told to the embedded engine and to the Pulumi CLI, which decides how they go.

A case is a file `<topic>/<name>.case` (`story` says how it reads); beside it lies what the CLI did, `<name>.json`.
`python -m tests.engine.cases` records, compares both engines live, and writes the table of `docs/engine.md`.
"""

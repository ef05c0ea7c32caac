"""Random programs on the embedded engine, with faults and kills: what `test_any_program` is made of.

`story` draws programs, faults and edits; `cloud` is a provider that watches what it is asked; `world` runs a story and
checks it. Engines and programs are forks (`tests.warm`).
"""

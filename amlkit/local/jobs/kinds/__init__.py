"""The kinds of steps beyond one plain command: parallel, sweep, and commands of several processes.

`read(spec, node, place, problems)` in each module turns what a client sent into the plain JSON of `Component.options`;
the same modules run it. A plain command has no options at all.
"""

"""The kinds of step, a file each: what its class takes, what can be wrong with it, and how it is called.

Used by `amlkit.pipelines` and `amlkit.components.render`; users reach the classes through `amlkit`.
"""

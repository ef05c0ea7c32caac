"""What a step is: ports, code snapshot, environment, the step kinds, and how they look on the wire.

Used by `amlkit.pipelines` alone; users reach the public names through `amlkit`.
"""

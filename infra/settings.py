"""What this project's stacks may configure: the keys of `Pulumi.<stack>.yaml` that begin with `digits:`."""

import amlkit.infra


class Settings(amlkit.infra.Settings):
    """The platform's settings, and how many deployments each endpoint keeps to go back to."""

    keep: int = 10

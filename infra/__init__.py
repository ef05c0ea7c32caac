"""This project's stack: a Pulumi program of `amlkit.infra` components. Run by `amlkit up` or `pulumi up`."""

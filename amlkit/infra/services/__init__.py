"""What computes are attached to, provisioned: one file a service.

Those that exist already need no component: `amlkit.infra.computes` takes their ARM ids.
"""

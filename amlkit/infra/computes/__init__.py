"""Computes of a workspace, one file a kind: those that Azure ML makes, and those that are attached to it.

`base` is what all share as components, `arguments` what their arguments share. What an attachment is attached to is
provisioned by `amlkit.infra.services`.
"""

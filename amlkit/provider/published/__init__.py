"""The plugin `amlkit`: what is published, as four resource types that Azure's own resources cannot be.

`AssetVersion` is a slot for an immutable version, `Endpoint` the stable address, `Deployment` a slot for what can
serve, `Publication` what does serve. One file a type, the same verbs in each (see `verbs`). Started by the engines
through `amlkit/provider/bin/pulumi-resource-amlkit`.
"""

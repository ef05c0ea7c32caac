"""Two Pulumi plugins: Pulumi's provider protocol on one side, Azure Resource Manager over HTTP on the other.

`serve` runs either of them as a process; `amlkit.provider.azure_native` stands in for the official azure-native plugin
on local stacks, and `install` puts it where Pulumi looks for it. Started by the engines, official and embedded.
"""

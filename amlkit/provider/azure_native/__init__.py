"""The `azure-native` plugin of local stacks: behaves as the official one, but talks to loopback only.

`types` is the table of what it knows and `shapes` what those types take and give. A call goes one way: `plugin`
(the protocol) → `check`, `diff` (pure) or `operations`, `invokes` (ARM, through `arm`), which turn inputs into the
wire's body with `body` and answers into outputs with `outputs`.
"""

"""The blob data plane: Azure Storage's REST over plain folders, for the unmodified clients.

`app.build_app` is what `server` mounts for the hosts of storage accounts.
"""

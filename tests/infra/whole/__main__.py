"""A platform as its settings say, grants beside it, and a workspace of somebody else's that is used as it is."""

import pulumi

from amlkit.infra import BlobDatastore, BlobDatastoreArgs, Grant, GrantArgs, Platform, Settings, Storage, program

with program():
    settings = Settings.load()
    settings.apply_to_stack()
    platform = Platform.from_settings(settings)
    pulumi.export("workspace", platform.workspace.id)
    pulumi.export("account", platform.storage.account.name)
    workspace_id = pulumi.Config("test").require("workspace")
    there = Platform.existing("there", workspace_id=workspace_id)
    account = f"{workspace_id.partition('/providers/')[0]}/providers/Microsoft.Storage/storageAccounts/smallstore"
    theirs = Storage.existing("theirs", resource_id=account, containers=("snapshots",))
    BlobDatastore("added", BlobDatastoreArgs(container="snapshots"), workspace=there.workspace, storage=theirs)
    pulumi.export("snapshots", there.workspace.snapshots)
    pulumi.export("compute", there.compute("cpu").id)
    found = there.datastore("workspaceblobstore")
    pulumi.export("datastore", found.name)
    pulumi.export("place", found.url)
    reader = GrantArgs(principal_id="11111111-1111-1111-1111-111111111111", role="Reader", scope=platform.workspace.id)
    Grant("reader", reader)

"""An ordinary program of the official SDK: a small platform, published through nothing of ours."""

import pulumi
from pulumi_azure_native import keyvault, storage
from pulumi_azure_native import machinelearningservices as ml
from pulumi_azure_native.resources import ResourceGroup

config = pulumi.Config()
group = ResourceGroup("base", resource_group_name="base", location="westeurope")
account = storage.StorageAccount(
    "data",
    resource_group_name=group.name,
    kind="StorageV2",
    sku=storage.SkuArgs(name=config.get("sku") or "Standard_LRS"),
    is_hns_enabled=config.get_bool("hns") or False,
    tags={"made by": "pulumi", "dotted.key": config.get("tag") or "one"},
)
container = storage.BlobContainer("corpora", account_name=account.name, resource_group_name=group.name)
vault = keyvault.Vault(
    "keys",
    resource_group_name=group.name,
    properties=keyvault.VaultPropertiesArgs(
        tenant_id="t", sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD)
    ),
)
workspace = ml.Workspace(
    "ws",
    resource_group_name=group.name,
    workspace_name="main",
    storage_account=account.id,
    key_vault=vault.id,
    identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
)
key = storage.list_storage_account_keys_output(account_name=account.name, resource_group_name=group.name).keys[0].value
datastore = ml.Datastore(
    "corpora",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    name="corpora",
    properties=ml.AzureBlobDatastoreArgs(
        datastore_type="AzureBlob",
        account_name=account.name,
        container_name=container.name,
        credentials=ml.AccountKeyDatastoreCredentialsArgs(
            credentials_type="AccountKey",
            secrets=ml.AccountKeyDatastoreSecretsArgs(secrets_type="AccountKey", key=pulumi.Output.secret(key)),
        ),
    ),
)
cluster = ml.Compute(
    "cpu",
    resource_group_name=group.name,
    workspace_name=workspace.name,
    compute_name="cpu",
    properties=ml.AmlComputeArgs(
        compute_type="AmlCompute",
        properties=ml.AmlComputePropertiesArgs(
            vm_size="Standard_DS2_v2",
            scale_settings=ml.ScaleSettingsArgs(max_node_count=2, node_idle_time_before_scale_down="PT2M"),
        ),
    ),
)
pulumi.export("account", account.name)
pulumi.export("vault_uri", vault.properties.vault_uri)
pulumi.export("principal", workspace.identity.principal_id)

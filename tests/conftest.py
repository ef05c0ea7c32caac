"""What several layers' tests share."""

import pytest

from .warm import SALT, Warm

SDK = (
    "applicationinsights",
    "authorization",
    "containerregistry",
    "databricks",
    "datafactory",
    "datalakeanalytics",
    "datalakestore",
    "keyvault",
    "machinelearningservices",
    "managedidentity",
    "resources",
    "storage",
)
AZURE = (
    "amlkit.infra",
    "amlkit.provider.azure_native.plugin",
    "amlkit.provider.published.plugin",
    "amlkit.transfer",
    "azure.identity",
    "azure.storage.blob",
    "httpx",
    *(f"pulumi_azure_native.{module}" for module in SDK),
)


@pytest.fixture(scope="session")
def azure_forks(tmp_path_factory):
    """What engines, programs and plugins of platforms are forked from."""
    warm = Warm(tmp_path_factory.mktemp("warm"), SALT, AZURE)
    yield warm
    warm.close()

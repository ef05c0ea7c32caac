"""The article's attachments: what is said by its environment variables, on a local Azure ML."""

import pytest

from amlkit.home import SUBSCRIPTION, Home
from amlkit.local import process
from amlkit.provider.install import install
from tests.infra.stack import GROUP, ROOT, WORKSPACE, Stack

TOKEN = "dapi00112233445566778899aabbccddeeff"
BRICKS = f"{GROUP}/providers/Microsoft.Databricks/workspaces/spark"
LAKE = f"{GROUP}/providers/Microsoft.DataLakeAnalytics/accounts/lake"
STORE = f"{GROUP}/providers/Microsoft.DataLakeStore/accounts/lakestore"


@pytest.fixture(scope="module")
def stack(tmp_path_factory, azure_forks):
    """A workspace and services that are there; a program is told of them by the article's variables."""
    folder = tmp_path_factory.mktemp("attachments")
    install(Home(folder).pulumi_home)
    try:
        stack = Stack.make(folder, "embedded", main=ROOT / "tests/infra/declared", warm=azure_forks)
        stack.ok("config", "set", "azure-native:location", "westeurope")
        managed = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/spark-managed"
        lake = {"defaultDataLakeStoreAccount": "lakestore", "dataLakeStoreAccounts": [{"name": "lakestore"}]}
        for path, properties in ((BRICKS, {"managedResourceGroupId": managed}), (STORE, {}), (LAKE, lake)):
            made = stack.arm("PUT", path, {"location": "westeurope", "properties": properties})
            assert "error" not in made, made
        stack.environment.update(
            AML_DATABRICKS_COMPUTE_NAME="databricks",
            AML_DATABRICKS_WORKSPACE="spark",
            AML_DATABRICKS_RESOURCE_GROUP="small",
            AML_DATABRICKS_ACCESS_TOKEN=TOKEN,
            AML_ADLA_COMPUTE_NAME="adla",
            AML_ADLA_RESOURCE_GROUP="small",
            AML_ADLA_ACCOUNT_NAME="lake",
        )
        yield stack
        stack.ok("destroy", "--yes")
    finally:
        process.stop(Home(folder))


def attached(stack, declared):
    """What Azure ML says of its computes after `up`, which a second one leaves as they are; and what was printed."""
    (stack.home.root / "declared.py").write_text(declared)
    told = stack.ok("up", "--yes").text + stack.ok("preview", "--diff", "--expect-no-changes").text
    found = stack.arm("GET", f"{WORKSPACE}/computes")["value"]
    return {each["name"]: each["properties"] for each in found}, told


def test_databricks_is_attached_by_the_articles_variables(stack):
    computes, told = attached(stack, "DatabricksCompute(workspace=workspace)")
    assert computes["databricks"]["computeType"] == "Databricks"
    assert computes["databricks"]["resourceId"] == BRICKS
    assert TOKEN not in told + str(computes)
    assert stack.arm("POST", f"{WORKSPACE}/computes/databricks/listKeys")["databricksAccessToken"] == TOKEN


def test_data_lake_analytics_is_attached_by_the_articles_variables(stack):
    computes, _ = attached(stack, "DataLakeAnalyticsCompute(workspace=workspace)")
    assert computes["adla"]["computeType"] == "DataLakeAnalytics"
    assert computes["adla"]["resourceId"] == LAKE
    assert "databricks" not in computes
    assert stack.arm("GET", BRICKS)["name"] == "spark"

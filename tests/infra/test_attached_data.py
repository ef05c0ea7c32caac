"""What Databricks, Data Lake Analytics and Data Factory ask azure-native for, and where their arguments come from."""

import pulumi
import pytest

from amlkit.errors import DefinitionError
from amlkit.infra import (
    DatabricksArgs,
    DatabricksCompute,
    DatabricksWorkspace,
    DatabricksWorkspaceArgs,
    DataFactory,
    DataFactoryAccountArgs,
    DataFactoryArgs,
    DataFactoryCompute,
    DataLakeAnalyticsAccount,
    DataLakeAnalyticsAccountArgs,
    DataLakeAnalyticsArgs,
    DataLakeAnalyticsCompute,
)

from .asking import GROUP, asked_of, run, workspace
from .test_computes import AKS, IDENTITY, refused

TOKEN = "dapi0123456789abcdef"
BRICKS = f"{GROUP}/providers/Microsoft.Databricks/workspaces/dbx"
LAKE = f"{GROUP}/providers/Microsoft.DataLakeAnalytics/accounts/lake"
FACTORY = f"{GROUP}/providers/Microsoft.DataFactory/factories/f"
VARIABLES = {
    "AML_DATABRICKS_COMPUTE_NAME": "bricks",
    "AML_DATABRICKS_WORKSPACE": "dbx",
    "AML_DATABRICKS_RESOURCE_GROUP": "g1",
    "AML_DATABRICKS_ACCESS_TOKEN": TOKEN,
    "AML_ADLA_COMPUTE_NAME": "lake-jobs",
    "AML_ADLA_RESOURCE_GROUP": "g1",
    "AML_ADLA_ACCOUNT_NAME": "lake",
}


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked(mocker):
    return asked_of(mocker, target="local")


@pytest.fixture
def article(monkeypatch):
    """The environment variables of the article."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)


def bricks(name=None, **args):
    return run(lambda: DatabricksCompute(name, DatabricksArgs(**args), workspace=workspace()))


def test_a_databricks_workspace_is_attached_with_a_token_that_stays_secret(asked):
    bricks("bricks", databricks=BRICKS, access_token=TOKEN, workspace_url="https://adb-1.azuredatabricks.net")
    assert asked.compute("bricks") == {
        "computeType": "Databricks",
        "resourceId": BRICKS,
        "properties": {"databricksAccessToken": TOKEN, "workspaceUrl": "https://adb-1.azuredatabricks.net"},
    }
    assert asked.is_secret("bricks")


def test_an_identity_logs_in_without_a_token(asked):
    bricks("own", databricks=BRICKS, identity="system")
    bricks("given", databricks=BRICKS, identity=IDENTITY)
    for name, type_ in (("own", "SystemAssigned"), ("given", "UserAssigned")):
        assert asked.compute(name) == {"computeType": "Databricks", "resourceId": BRICKS, "properties": {}}
        assert asked.inputs(f"Compute {name}")["identity"]["type"] == type_
        assert not asked.is_secret(name)


def test_the_articles_variables_say_what_the_program_does_not(asked, article):
    bricks()
    assert asked.compute("bricks")["resourceId"] == BRICKS
    assert asked.compute("bricks")["properties"] == {"databricksAccessToken": TOKEN}
    assert asked.is_secret("bricks")
    assert "identity" not in asked.inputs("Compute bricks")


def test_the_program_comes_before_the_environment(asked, article):
    bricks("mine", databricks=BRICKS.replace("dbx", "other"), access_token="dapi-mine")
    assert asked.compute("mine")["resourceId"].endswith("/other")
    assert asked.compute("mine")["properties"]["databricksAccessToken"] == "dapi-mine"
    bricks("named", workspace_name="third", identity="system")
    assert asked.compute("named")["resourceId"].endswith(
        "resourceGroups/g1/providers/Microsoft.Databricks/workspaces/third"
    )
    assert asked.compute("named")["properties"] == {}


def test_a_token_may_come_from_the_stacks_configuration(asked):
    from pulumi.runtime.config import set_all_config

    set_all_config({"digits:databricksToken": TOKEN, "amlkit:target": "local"}, ["digits:databricksToken"])
    args = {"access_token": pulumi.Config("digits").require_secret("databricksToken")}
    run(lambda: DatabricksCompute("bricks", DatabricksArgs(databricks=BRICKS, **args), workspace=workspace()))
    assert asked.compute("bricks")["properties"] == {"databricksAccessToken": TOKEN}
    assert asked.is_secret("bricks")


def test_all_that_is_said_nowhere_is_named_at_once(asked):
    with pytest.raises(DefinitionError) as caught:
        DatabricksCompute("bricks", workspace=workspace())
    assert str(caught.value).splitlines() == [
        "databricks.access_token: said neither by the program nor by the environment",
        '  hint: give `identity="system"`, or set AML_DATABRICKS_ACCESS_TOKEN',
        "databricks.resource_group: said neither by the program nor by the environment",
        "  hint: give `databricks=`, or set AML_DATABRICKS_RESOURCE_GROUP",
        "databricks.workspace_name: said neither by the program nor by the environment",
        "  hint: give `databricks=`, or set AML_DATABRICKS_WORKSPACE",
    ]
    with pytest.raises(DefinitionError, match=r"databricks\.name: said neither .*"):
        DatabricksCompute(workspace=workspace())
    with pytest.raises(DefinitionError, match=r"analytics\.account_name: said neither"):
        DataLakeAnalyticsCompute("lake", workspace=workspace())


def test_an_empty_variable_says_nothing(asked, article, monkeypatch):
    monkeypatch.setenv("AML_DATABRICKS_ACCESS_TOKEN", "")
    with pytest.raises(DefinitionError, match="set AML_DATABRICKS_ACCESS_TOKEN"):
        bricks()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"access_token": f"{TOKEN}\n"}, "it.access_token: a secret that is empty or holds white space\n  hint: did"),
        ({"access_token": ""}, "it.access_token: a secret that is empty"),
        ({"access_token": 3}, "it.access_token: a secret is a text or an Output, not a int"),
        ({"databricks": AKS}, "it.databricks: not the ARM id of `Microsoft.Databricks/workspaces`"),
        ({"databricks": BRICKS, "workspace_name": "dbx"}, "it: databricks, and workspace_name or resource_group"),
        ({"access_token": TOKEN, "identity": "system"}, "it: access_token and identity\n  hint: Azure ML logs in with"),
        ({"token": TOKEN}, "it.token: Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_told_with_their_place_and_without_the_token(args, said):
    text = refused(DatabricksArgs, **args)
    assert said in text
    assert TOKEN not in text


def test_a_token_shows_itself_nowhere_in_python(article):
    args = DatabricksArgs(databricks=BRICKS, access_token=TOKEN)
    for text in (repr(args), str(args), repr(args.model_dump()), args.model_dump_json(exclude={"databricks"})):
        assert TOKEN not in text
    assert TOKEN not in repr(DatabricksArgs.from_environment())
    with pytest.raises(DefinitionError) as caught:
        DatabricksArgs(databricks=AKS, access_token=f"{TOKEN} ")
    assert TOKEN not in str(caught.value)


def test_a_token_in_the_environment_that_cannot_be_one_is_refused_without_showing_it(asked, article, monkeypatch):
    monkeypatch.setenv("AML_DATABRICKS_ACCESS_TOKEN", f"{TOKEN}\n")
    with pytest.raises(DefinitionError, match=r"databricks\.access_token: a secret that is empty or holds") as caught:
        bricks()
    assert TOKEN not in str(caught.value)


def test_data_lake_analytics_is_attached_by_id_or_by_the_articles_variables(asked, article):
    given = DataLakeAnalyticsArgs(account=LAKE, store="gen1", description="U-SQL")
    run(lambda: DataLakeAnalyticsCompute("lake", given, workspace=workspace()))
    assert asked.compute("lake") == {
        "computeType": "DataLakeAnalytics",
        "description": "U-SQL",
        "resourceId": LAKE,
        "properties": {"dataLakeStoreAccountName": "gen1"},
    }
    run(lambda: DataLakeAnalyticsCompute(workspace=workspace()))
    assert asked.compute("lake-jobs") == {"computeType": "DataLakeAnalytics", "resourceId": LAKE}
    assert asked.warnings() == []
    assert "it: account, and account_name" in refused(DataLakeAnalyticsArgs, account=LAKE, account_name="lake")


@pytest.mark.parametrize("config", [{"target": "azure"}, {}])
def test_on_azure_the_plan_says_that_data_lake_analytics_is_retired_and_what_lives(mocker, config):
    asked = asked_of(mocker, **config)
    args = DataLakeAnalyticsArgs(account=LAKE)
    run(lambda: DataLakeAnalyticsCompute("lake", args, workspace=workspace()))
    ((text, name),) = asked.warnings()
    assert name == "lake"
    for word in ("retired since 29 February 2024", "Azure refuses it", "DatabricksCompute", "Spark pool", "Cluster"):
        assert word in text


def test_a_data_factory_is_attached(asked):
    run(lambda: DataFactoryCompute("mover", DataFactoryArgs(factory=FACTORY), workspace=workspace()))
    assert asked.compute("mover") == {"computeType": "DataFactory", "resourceId": FACTORY}
    assert "it.factory: not the ARM id of `Microsoft.DataFactory/factories`" in refused(DataFactoryArgs, factory=LAKE)


def test_what_is_attached_can_be_provisioned_by_the_same_program(asked):
    def program():
        dbx = DatabricksWorkspace("dbx", DatabricksWorkspaceArgs(resource_group_name="g1", tags={"team": "ml"}))
        DatabricksCompute("bricks", DatabricksArgs(databricks=dbx, identity="system"), workspace=workspace())
        lake = DataLakeAnalyticsAccount("the-lake", DataLakeAnalyticsAccountArgs(resource_group_name="g1"))
        DataLakeAnalyticsCompute("lake", DataLakeAnalyticsArgs(account=lake, store=lake.store), workspace=workspace())
        factory = DataFactory("mover", DataFactoryAccountArgs(resource_group_name="g1", public_access=False))
        DataFactoryCompute("mover", DataFactoryArgs(factory=factory), workspace=workspace())

    run(program)
    assert asked.inputs("Workspace dbx") == {
        "resourceGroupName": "g1",
        "managedResourceGroupId": "/subscriptions/s1/resourceGroups/g1-dbx-databricks",
        "computeMode": "Hybrid",
        "publicNetworkAccess": "Enabled",
        "sku": {"name": "premium"},
        "tags": {"team": "ml"},
    }
    account = asked.inputs("Account thelake")
    assert account["defaultDataLakeStoreAccount"] == "thelake"
    assert account["dataLakeStoreAccounts"] == [{"name": "thelake"}]
    factory = asked.inputs("Factory mover")
    assert factory["identity"] == {"type": "SystemAssigned"}
    assert factory["publicNetworkAccess"] == "Disabled"
    for name, kind in (("bricks", "Workspace/dbx"), ("lake", "Account/thelake"), ("mover", "Factory/mover")):
        assert asked.compute(name)["resourceId"].endswith(kind)


def test_a_gen1_store_that_is_there_is_used(asked):
    args = DataLakeAnalyticsAccountArgs(resource_group_name="g1", store="gen1", parallelism=5)
    run(lambda: DataLakeAnalyticsAccount("lake", args))
    assert asked.inputs("Account lake")["defaultDataLakeStoreAccount"] == "gen1"
    assert asked.inputs("Account lake")["maxDegreeOfParallelism"] == 5


def test_accounts_of_retired_services_are_warned_of_on_azure(mocker):
    asked = asked_of(mocker, target="azure")
    run(lambda: DataLakeAnalyticsAccount("lake", DataLakeAnalyticsAccountArgs(resource_group_name="g1")))
    assert sorted(text.partition(" is retired")[0] for text, _ in asked.warnings()) == [
        "Data Lake Analytics",
        "Data Lake Storage Gen1",
    ]

"""What several layers' tests share."""

from pathlib import Path

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


LONGEST = ("scenarios/", "local/yaml/", "infra/", "engine/test_any_program", "local/jobs/", "testing/", "provider/")
"""Files that take long, of few tests. They begin first: what begins last, one worker does while the other idles."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others as they were; `--no-loadscope-reorder` keeps it so."""
    root = Path(__file__).parent

    def rank(item: pytest.Item) -> int:
        place = item.path.relative_to(root).as_posix()
        return next((number for number, start in enumerate(LONGEST) if place.startswith(start)), len(LONGEST))

    items.sort(key=rank)


@pytest.fixture(scope="session")
def azure_forks(tmp_path_factory):
    """What engines, programs and plugins of platforms are forked from."""
    warm = Warm(tmp_path_factory.mktemp("warm"), SALT, AZURE)
    yield warm
    warm.close()

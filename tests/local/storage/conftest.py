"""Accounts of the running stand-in, with clients of each of their services."""

import uuid
from typing import Any

import pytest
from azure.storage.blob import ContainerClient
from azure.storage.filedatalake import FileSystemClient
from azure.storage.fileshare import ShareClient

from ..conftest import StandIn
from .clients import Account


def make(stand_in: StandIn, group: str, **properties: Any) -> Account:
    """A storage account in a group."""
    path = f"{group}/providers/Microsoft.Storage/storageAccounts/st{uuid.uuid4().hex[:12]}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": properties}
    return Account(stand_in, stand_in.made(path, body)["id"])


@pytest.fixture
def account_of(stand_in: StandIn, group: str) -> Any:
    """Makes accounts with these properties."""
    return lambda **properties: make(stand_in, group, **properties)


@pytest.fixture
def flat(account_of: Any) -> Account:
    """An account without directories."""
    return account_of()


@pytest.fixture
def lake_account(account_of: Any) -> Account:
    """An account with a hierarchical namespace."""
    return account_of(isHnsEnabled=True)


@pytest.fixture
def container(flat: Account) -> ContainerClient:
    """A container of the flat account."""
    return flat.blob().create_container("data")


@pytest.fixture
def share(flat: Account) -> ShareClient:
    """A share of the flat account."""
    return flat.file().create_share("data")


@pytest.fixture
def lake(lake_account: Account) -> FileSystemClient:
    """A file system of the account with directories."""
    return lake_account.dfs().create_file_system("data")

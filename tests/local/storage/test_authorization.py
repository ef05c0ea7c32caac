"""Keys, signatures and tokens on all three hosts: what each allows, and that nothing else does."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage import blob, filedatalake, fileshare

from .clients import Account, refused

SERVICES = ("blob", "file", "dfs")
SOON = datetime.now(UTC) + timedelta(hours=1)
PAST = datetime.now(UTC) - timedelta(minutes=1)


def made(account: Account, service: str, credential: Any = None) -> Any:
    """The container, share or file system `data` of a service, with a credential."""
    client = getattr(account, service)(credential)
    if service == "blob":
        return client.get_container_client("data")
    return client.get_share_client("data") if service == "file" else client.get_file_system_client("data")


def write(place: Any, name: str, data: bytes = b"1") -> None:
    """Put a file into one of those."""
    if isinstance(place, blob.ContainerClient):
        place.upload_blob(name, data, overwrite=True)
    elif isinstance(place, fileshare.ShareClient):
        place.get_file_client(name).upload_file(data)
    else:
        place.get_file_client(name).upload_data(data, overwrite=True)


def read(place: Any, name: str) -> bytes:
    """What is in a file."""
    if isinstance(place, blob.ContainerClient):
        return bytes(place.download_blob(name).readall())
    return bytes(place.get_file_client(name).download_file().readall())


def names(place: Any) -> list[str]:
    """What a place lists."""
    if isinstance(place, fileshare.ShareClient):
        return [each["name"] for each in place.list_directories_and_files()]
    return [
        each.name for each in (place.list_blobs() if isinstance(place, blob.ContainerClient) else place.get_paths())
    ]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    """Each of the services."""
    return str(request.param)


@pytest.fixture
def account(lake_account: Account, service: str) -> Account:
    """An account with `data` in the service."""
    client = made(lake_account, service)
    getattr(client, {"blob": "create_container", "file": "create_share", "dfs": "create_file_system"}[service])()
    write(client, "f")
    return lake_account


def signature(account: Account, service: str, **more: Any) -> str:
    """A signature for all of `data`."""
    key = {"expiry": SOON} | more
    if service == "file":
        return fileshare.generate_share_sas(account.name, "data", account.key, **key)
    if service == "dfs":
        return filedatalake.generate_file_system_sas(account.name, "data", account.key, **key)
    return blob.generate_container_sas(account.name, "data", account.key, **key)


def refused_with(status: int, *calls: Callable[[], object]) -> None:
    """All of these are refused with this status."""
    for call in calls:
        with pytest.raises(HttpResponseError) as error:
            call()
        assert error.value.status_code == status, error.value


def test_a_token_for_storage_works_and_another_does_not(account: Account, service: str) -> None:
    assert read(made(account, service, account), "f") == b"1"
    host = {"Host": f"{account.name}.{service}.core.amlkit.test", "x-ms-file-request-intent": "backup"}
    other = {"Authorization": f"Bearer {account.stand_in.token()}"}
    assert account.stand_in.http.get("/data/f", headers=host | other).status_code == 401
    nobody = account.stand_in.http.get("/data/f", headers=host)
    assert (nobody.status_code, nobody.headers["x-ms-error-code"]) == (401, "NoAuthenticationInformation")
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_another_key_is_refused(account: Account, service: str) -> None:
    wrong = base64.b64encode(b"wrong" * 8).decode()
    with pytest.raises(ClientAuthenticationError):
        read(made(account, service, wrong), "f")


def test_a_signature_allows_what_it_says_and_as_long_as_it_says(account: Account, service: str) -> None:
    reader = made(account, service, signature(account, service, permission="rl"))
    assert (read(reader, "f"), names(reader)) == (b"1", ["f"])
    refused_with(403, lambda: write(reader, "g"))
    changed = made(account, service, signature(account, service, permission="rl").replace("sp=rl", "sp=rwl"))
    refused_with(403, lambda: write(changed, "g"))
    old = made(account, service, signature(account, service, permission="rl", expiry=PAST))
    later = made(account, service, signature(account, service, permission="rl", start=SOON))
    elsewhere = made(account, service, signature(account, service, permission="rl", ip="10.1.1.1"))
    refused_with(403, *(lambda place=place: read(place, "f") for place in (old, later, elsewhere)))
    writer = made(account, service, signature(account, service, permission="rwcdl"))
    write(writer, "g")
    assert names(writer) == ["f", "g"]


def test_a_signature_of_another_service_is_refused(account: Account, service: str) -> None:
    other = "blob" if service == "file" else "file"
    refused_with(403, lambda: read(made(account, service, signature(account, other, permission="rl")), "f"))


def test_an_account_signature_says_services_resources_and_permissions(account: Account, service: str) -> None:
    def signed(services: str, types: str, permission: str = "rwdlc") -> Any:
        both = {"services": services, "resource_types": types, "permission": permission, "expiry": SOON}
        return made(account, service, blob.generate_account_sas(account.name, account.key, **both))

    letter = "f" if service == "file" else "b"
    whole = signed(letter, "sco")
    assert (read(whole, "f"), names(whole)) == (b"1", ["f"])
    assert read(signed("bf", "o"), "f") == b"1"
    other = signed("f" if letter == "b" else "b", "sco")
    refused_with(
        403, lambda: names(signed(letter, "o")), lambda: write(signed(letter, "o", "r"), "g"), lambda: read(other, "f")
    )


def test_an_account_without_keys_takes_tokens_and_what_is_signed_for_users(account: Account, service: str) -> None:
    by_key, by_account = signature(account, service, permission="rl"), account.key
    both = {"services": "bf", "resource_types": "sco", "permission": "rl", "expiry": SOON}
    of_account = blob.generate_account_sas(account.name, account.key, **both)
    group = account.stand_in.arm("GET", account.id).json()
    group["properties"] = {"allowSharedKeyAccess": False, "isHnsEnabled": True}
    assert account.stand_in.arm("PUT", account.id, group).status_code == 200
    for credential in (by_key, by_account, of_account, f"{of_account}&skoid=somebody"):
        with refused("KeyBasedAuthenticationNotPermitted"):
            names(made(account, service, credential))
    assert read(made(account, service, account), "f") == b"1"
    assert read(made(account, service, user_signature(account, service, "r")), "f") == b"1"


def user_signature(account: Account, service: str, permission: str, expiry: datetime = SOON) -> str:
    """A signature for all of `data` that no account key made."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    if service == "file":
        key = account.file(account).get_user_delegation_key(start=start, expiry=SOON)
        return fileshare.generate_share_sas(
            account.name, "data", user_delegation_key=key, permission=permission, expiry=expiry
        )
    if service == "dfs":
        lake_key = account.dfs(account).get_user_delegation_key(start, SOON)
        return filedatalake.generate_file_system_sas(
            account.name, "data", lake_key, permission=permission, expiry=expiry
        )
    blob_key = account.blob(account).get_user_delegation_key(start, SOON)
    return blob.generate_container_sas(
        account.name, "data", user_delegation_key=blob_key, permission=permission, expiry=expiry
    )


def test_a_user_signs_without_the_accounts_key(account: Account, service: str) -> None:
    text = user_signature(account, service, "rl")
    reader = made(account, service, text)
    assert (read(reader, "f"), names(reader)) == (b"1", ["f"])
    refused_with(403, lambda: write(reader, "g"))
    for changed in (text.replace("sp=rl", "sp=rwl"), text.replace("skoid=", "skoid=0"), text.replace("ske=2", "ske=3")):
        refused_with(403, lambda changed=changed: read(made(account, service, changed), "f"))
    refused_with(403, lambda: read(made(account, service, user_signature(account, service, "rl", PAST)), "f"))


def test_keys_to_sign_with_are_for_holders_of_a_token(lake_account: Account) -> None:
    with refused("AuthorizationPermissionMismatch"):
        lake_account.blob().get_user_delegation_key(datetime.now(UTC), SOON)
    with refused("InvalidXmlNodeValue"):
        lake_account.blob(lake_account).get_user_delegation_key(datetime.now(UTC), SOON + timedelta(days=9))


def test_a_stored_policy_says_what_a_signature_allows_until_it_is_taken_away(account: Account, service: str) -> None:
    client = made(account, service)
    kinds = {"blob": blob.AccessPolicy, "file": fileshare.AccessPolicy, "dfs": filedatalake.AccessPolicy}
    policies = {"readers": kinds[service](permission="rl", expiry=SOON)}
    change = {"blob": "set_container_access_policy", "file": "set_share_access_policy"}.get(
        service, "set_file_system_access_policy"
    )
    getattr(client, change)(policies)
    text = signature(account, service, expiry=None, policy_id="readers")
    reader = made(account, service, text)
    assert read(reader, "f") == b"1"
    refused_with(403, lambda: write(reader, "g"))
    getattr(client, change)({})
    refused_with(403, lambda: read(reader, "f"))


def test_a_signature_for_one_file_is_for_that_file(account: Account, service: str) -> None:
    write(made(account, service), "g")
    one = {"permission": "r", "expiry": SOON}
    if service == "blob":
        text = blob.generate_blob_sas(account.name, "data", "f", account_key=account.key, **one)
    elif service == "file":
        text = fileshare.generate_file_sas(account.name, "data", ["f"], account.key, **one)
    else:
        text = filedatalake.generate_file_sas(account.name, "data", "", "f", account.key, **one)
    assert read(made(account, service, text), "f") == b"1"
    refused_with(403, lambda: read(made(account, service, text), "g"))


def test_a_signature_for_a_directory_is_for_what_is_in_it(lake_account: Account) -> None:
    system = lake_account.dfs().create_file_system("data")
    write(system, "in/side/f")
    write(system, "out/f")
    text = filedatalake.generate_directory_sas(
        lake_account.name, "data", "in/side", lake_account.key, permission="rwlm", expiry=SOON
    )
    inside = made(lake_account, "dfs", text)
    assert read(inside, "in/side/f") == b"1"
    write(inside, "in/side/deeper/g")
    refused_with(403, lambda: read(inside, "out/f"), lambda: write(inside, "in/f"))
    assert read(made(lake_account, "blob", text), "in/side/f") == b"1"


def test_signed_headers_are_answered(lake_account: Account) -> None:
    container = lake_account.blob().create_container("data")
    container.upload_blob("f", b"1")
    text = blob.generate_blob_sas(
        lake_account.name,
        "data",
        "f",
        account_key=lake_account.key,
        permission="r",
        expiry=SOON,
        content_disposition="attachment; filename=x.txt",
        content_type="text/plain",
    )
    client = lake_account.blob(text).get_blob_client("data", "f")
    settings = client.download_blob().properties.content_settings
    assert (settings.content_disposition, settings.content_type) == ("attachment; filename=x.txt", "text/plain")


def test_a_rename_needs_leave_for_both_ends(lake_account: Account) -> None:
    write(lake_account.dfs().create_file_system("data"), "a")
    reader = made(lake_account, "dfs", signature(lake_account, "dfs", permission="rl"))
    refused_with(403, lambda: reader.get_file_client("a").rename_file("data/b"))
    mover = made(lake_account, "dfs", signature(lake_account, "dfs", permission="rlm"))
    assert read(mover, "a") == b"1"
    mover.get_file_client("a").rename_file("data/b")
    assert names(mover) == ["b"]


def test_the_file_service_wants_to_know_what_a_token_is_used_for(lake_account: Account) -> None:
    lake_account.file().create_share("data")
    answer = lake_account.raw("file", "GET", "/data?restype=directory&comp=list")
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (400, "MissingRequiredHeader")

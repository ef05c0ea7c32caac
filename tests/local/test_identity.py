"""Tokens: who gets one, and what happens without."""

import json
import time
from xml.etree import ElementTree

import jwt
import pytest

from amlkit.home import SUBSCRIPTION, TENANT
from amlkit.local.tokens import Tokens

from .conftest import VERSION, StandIn, Workspace, error_of

GROUPS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"


def test_the_metadata_is_one_cloud_or_a_list_by_api_version(stand_in: StandIn) -> None:
    one = stand_in.http.get("/metadata/endpoints?api-version=2022-09-01").json()
    many = stand_in.http.get("/metadata/endpoints?api-version=2019-05-01").json()
    assert many == [one]
    assert one["resourceManager"].rstrip("/") == stand_in.address.url
    assert stand_in.address.url in one["authentication"]["audiences"]


def test_a_token_needs_the_identity_header(stand_in: StandIn) -> None:
    query = {"resource": stand_in.address.url, "api-version": "2019-08-01"}
    assert error_of(stand_in.http.get("/msi/token", params=query))[0] == 401
    wrong = stand_in.http.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": "wrong"})
    assert error_of(wrong)[0] == 401


def test_a_token_is_a_jwt_for_the_asked_resource_that_the_published_key_verifies(stand_in: StandIn) -> None:
    configuration = stand_in.http.get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    keys = stand_in.http.get(configuration["jwks_uri"]).json()["keys"]
    key = jwt.PyJWK(keys[0])
    claims = jwt.decode(stand_in.token("https://x.test/"), key, algorithms=["ES256"], audience="https://x.test")
    assert claims["tid"] == TENANT
    assert claims["exp"] > time.time()
    assert {"oid", "appid", "iss", "iat", "nbf"} <= claims.keys()


def test_client_credentials_give_a_token_for_the_scope(stand_in: StandIn) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "11111111-1111-1111-1111-111111111111",
        "client_secret": stand_in.address.identity_header,
        "scope": f"{stand_in.address.url}/.default",
    }
    answer = stand_in.http.post(f"/{TENANT}/oauth2/v2.0/token", data=form).json()
    listed = stand_in.arm("GET", GROUPS, Authorization=f"Bearer {answer['access_token']}")
    assert listed.status_code == 200
    refused = stand_in.http.post(f"/{TENANT}/oauth2/v2.0/token", data=form | {"client_secret": "wrong"})
    assert error_of(refused)[0] == 401


@pytest.mark.parametrize("authorization", ["", "Bearer", "Basic eDp5", "Bearer not.a.token"])
def test_without_a_good_token_it_is_401_in_azures_shape(stand_in: StandIn, authorization: str) -> None:
    answer = stand_in.http.get(GROUPS, params={"api-version": VERSION}, headers={"Authorization": authorization})
    assert error_of(answer)[0] == 401
    assert answer.headers["x-ms-error-code"] == error_of(answer)[1]


ARM, ML, STORAGE, PUBLIC = "", "https://ml.azure.com", "https://storage.azure.com", "https://management.azure.com"
DOORS = [
    ("GET", GROUPS, {ARM}),
    ("GET", "{workspace}", {ARM}),
    ("PUT", "{workspace}/jobs/x", {ARM}),
    ("POST", "/batch{workspace}/batchEndpoints/e/jobs", {ML}),
    ("GET", "/mferp/managementfrontend{workspace}/batchEndpoints/e/jobs", {ML}),
    ("GET", "/history/v1.0{workspace}/runs/x", {ARM, ML}),
    ("POST", "/data/v1.0{workspace}/dataversion/batchGetResolvedUris", {ARM, ML}),
    ("POST", "/mlflow/v1.0{workspace}/api/2.0/mlflow/runs/create", {ARM, ML}),
]


@pytest.mark.parametrize(("method", "path", "good"), DOORS, ids=[path for _, path, _ in DOORS])
def test_every_door_takes_tokens_for_its_own_audience_only(
    workspace: Workspace, method: str, path: str, good: set[str]
) -> None:
    stand_in, url = workspace.stand_in, path.format(workspace=workspace.id)
    for audience in (ARM, ML, STORAGE, PUBLIC):
        token = {"Authorization": f"Bearer {stand_in.token(audience)}"}
        answer = stand_in.http.request(method, url, params={"api-version": VERSION}, json={}, headers=token)
        if audience in good:
            assert answer.status_code not in (401, 403), answer.text
        else:
            assert error_of(answer) == (401, "InvalidAuthenticationTokenAudience")
    bare = stand_in.http.request(method, url, params={"api-version": VERSION}, json={})
    assert error_of(bare) == (401, "AuthenticationFailed")
    assert bare.headers["x-ms-error-code"] == "AuthenticationFailed"


@pytest.mark.parametrize(
    ("audience", "code"),
    [
        (None, "NoAuthenticationInformation"),
        (ARM, "InvalidAuthenticationInfo"),
        (ML, "InvalidAuthenticationInfo"),
        (PUBLIC, "InvalidAuthenticationInfo"),
    ],
)
def test_storage_refuses_in_its_own_shape(workspace: Workspace, audience: str | None, code: str) -> None:
    headers = {"Host": f"{workspace.account}.blob.core.amlkit.test"}
    if audience is not None:
        headers["Authorization"] = f"Bearer {workspace.stand_in.token(audience)}"
    answer = workspace.stand_in.http.get("/", params={"comp": "list"}, headers=headers)
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (401, code)
    assert ElementTree.fromstring(answer.text).findtext("Code") == code


def test_an_expired_token_is_refused(stand_in: StandIn) -> None:
    tokens = Tokens(stand_in.home.ca / "tokens.pem", stand_in.address.url)
    old = tokens.issue(stand_in.address.url, "someone", lifetime_seconds=-60)
    assert error_of(stand_in.arm("GET", GROUPS, Authorization=f"Bearer {old}")) == (401, "ExpiredAuthenticationToken")


def test_a_token_that_another_key_signed_is_refused(stand_in: StandIn) -> None:
    unsigned = jwt.encode({"aud": stand_in.address.url, "exp": time.time() + 60}, None, algorithm="none")
    head, _, _ = stand_in.token().partition(".")
    forged = ".".join([head, unsigned.split(".")[1], stand_in.token().split(".")[2]])
    for token in (unsigned, forged):
        answer = stand_in.arm("GET", GROUPS, Authorization=f"Bearer {token}")
        assert error_of(answer) == (401, "InvalidAuthenticationToken")


def test_the_official_default_credential_gets_tokens_from_the_environment_alone(stand_in: StandIn) -> None:
    script = """
import json, sys
from azure.identity import DefaultAzureCredential
credential = DefaultAzureCredential()
print(json.dumps([credential.get_token(f"{scope}/.default").token.count(".") for scope in sys.argv[1:]]))
"""
    scopes = [stand_in.address.url, "https://ml.azure.com", "https://storage.azure.com"]
    assert json.loads(stand_in.script(script, *scopes)) == [2, 2, 2]

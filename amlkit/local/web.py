"""How a resource file becomes HTTP: `route` checks the token, reads the body, runs the handler, shapes the answer.

A handler is `def handle(request, body)`: `body` is the parsed JSON, None when there is none. It returns a `Response`,
or plain data that goes out as JSON with 200, or None for an empty 204. Plain functions run in the thread pool,
coroutine functions in the loop. Paths match without regard to case; parameters keep the case they were sent in.
"""

from __future__ import annotations

import inspect
import json
import logging
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..errors import SetupError
from ..home import ML_AUDIENCE, SUBSCRIPTION, Address

if TYPE_CHECKING:
    from .world import World

WORKSPACE = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
)
_PIECE_BYTES = 1 << 20
STORAGE_AUDIENCE = "https://storage.azure.com"
Handler = Callable[[Request, Any], Any]
Types = Mapping[str, type]  # of the members of a body, by dotted path, outer ones first
_JSON_NAMES = {str: "a string", int: "an integer", bool: "a boolean", dict: "an object", list: "a list"}


class AzureError(Exception):
    """A refusal in Azure's shape: `{"error": {"code", "message", "details"}}` and a header `x-ms-error-code`."""

    def __init__(self, status: int, code: str, message: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(f"{code} ({status}): {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details or []

    def response(self) -> JSONResponse:
        """The refusal as an answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        headers = {"x-ms-error-code": self.code}
        if self.status == 401:
            headers["WWW-Authenticate"] = f'Bearer error="invalid_token", error_description="{self.code}"'
        return JSONResponse({"error": error}, self.status, headers)


class Audience(Enum):
    """Whom a route's token must be for."""

    ARM = "arm"
    ML = "ml"
    STORAGE = "storage"
    NONE = "none"


ARM_OR_ML = frozenset({Audience.ARM, Audience.ML})


def accepted(audiences: Collection[Audience], address: Address) -> list[str]:
    """The `aud` values that satisfy one of these.

    Resource Manager's is the stand-in's own, as its cloud metadata says, never the public cloud's. The other two are
    the names that the official clients ask for in this cloud: they make the one of the metadata's portal, and keep the
    other in their source.
    """
    values = {Audience.ARM: address.url, Audience.ML: ML_AUDIENCE, Audience.STORAGE: STORAGE_AUDIENCE}
    return [values[audience] for audience in audiences if audience in values]


def route(
    path: str,
    endpoint: Handler,
    methods: list[str],
    audience: Audience | Collection[Audience] = Audience.ARM,
) -> Route:
    """A route. A token for `audience` (or one of several) is checked first; ARM paths need an api-version."""
    audiences = frozenset({audience}) if isinstance(audience, Audience) else frozenset(audience)

    async def answer(request: Request) -> Response:
        try:
            if Audience.NONE not in audiences:
                authenticate(request, audiences)
            if request.scope["path"].lower().startswith("/subscriptions/"):
                _check_arm(request)
            body = await json_body(request)
            if inspect.iscoroutinefunction(endpoint):
                result = await endpoint(request, body)
            else:
                result = await run_in_threadpool(endpoint, request, body)
        except AzureError as error:
            return error.response()
        except Exception as error:
            return broken(error).response()
        return as_response(result)

    made = Route(path, answer, methods=methods)
    made.path_regex = re.compile(made.path_regex.pattern, re.IGNORECASE)
    return made


def broken(error: Exception) -> AzureError:
    """A defect of the stand-in, as Azure would say it, with its traceback in the log; or of what it stands on."""
    if isinstance(error, SetupError):
        problem = error.problems[0]
        message = f"The local Azure ML cannot go on: {problem.where}: {problem.what}. Hint: {problem.hint}."
        return AzureError(500, "InternalServerError", message)
    logging.getLogger("amlkit.local").exception("a request failed")
    message = f"The local Azure ML failed: {type(error).__name__}: {error}. See `amlkit local logs`."
    return AzureError(500, "InternalServerError", message)


def as_response(result: Any) -> Response:
    """What a handler returned, as an answer."""
    if isinstance(result, Response):
        return result
    return Response(status_code=204) if result is None else JSONResponse(result)


def authenticate(request: Request, audiences: Collection[Audience]) -> dict[str, Any]:
    """The claims of the request's bearer token.

    Raises:
        AzureError: 401: there is none, or it is not for one of the audiences.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        message = "Authentication failed. The 'Authorization' header is missing or not a bearer token."
        raise AzureError(401, "AuthenticationFailed", message)
    here = world(request)
    return here.tokens.verify(token.strip(), accepted(audiences, here.address))


async def json_body(request: Request) -> Any:
    """The parsed body, an object, or None.

    Raises:
        AzureError: 400: not JSON, or not an object.
    """
    raw = await request.body()
    if not raw.strip():
        return None
    is_form = request.headers.get("content-type", "").lower().startswith("application/x-www-form-urlencoded")
    try:
        body = dict(parse_qsl(raw.decode(), keep_blank_values=True)) if is_form else _json(raw)
    except (ValueError, RecursionError) as error:
        message = f"The request content was invalid and could not be deserialized: '{error}'."
        raise AzureError(400, "InvalidRequestContent", message) from error
    return object_body(body)


def object_body(body: Any) -> dict[str, Any]:
    """The body, if it is a JSON object.

    Raises:
        AzureError: 400.
    """
    if not isinstance(body, dict):
        raise AzureError(400, "InvalidRequestContent", "The request content must be a JSON object.")
    return body


def check_types(body: Mapping[str, Any], types: Types) -> None:
    """Refuse a body in which a member that is given has another type.

    Raises:
        AzureError: 400.
    """
    for path, wanted in types.items():
        value: Any = body
        for name in path.split("."):
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            message = f"The value of '{path}' in the request content is not {_JSON_NAMES[wanted]}."
            raise AzureError(400, "InvalidRequestContent", message)


def file_pieces(path: Path, first: int, size: int) -> Iterator[bytes]:
    """`size` bytes of a file from the byte `first` on, in pieces; less if it ends before."""
    with path.open("rb") as file:
        file.seek(first)
        while size > 0 and (piece := file.read(min(_PIECE_BYTES, size))):
            size -= len(piece)
            yield piece


def query_number(request: Request, name: str, otherwise: int) -> int:
    """A query parameter that counts: `$top`, `$skip`.

    Raises:
        AzureError: 400: it is no count.
    """
    text = request.query_params.get(name, str(otherwise))
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise AzureError(400, "InvalidQueryParameter", f"The query parameter '{name}' must be a number: '{text}'.")
    return int(text)


def next_link(request: Request, query: Mapping[str, str]) -> str:
    """The address of the next page of a list: the same request with other query parameters."""
    found = {**request.query_params, **query}
    return f"{world(request).address.url}{quote(request.scope['path'])}?{urlencode(found)}"


def world(request: Request) -> World:
    """The running stand-in."""
    found: World = request.app.state.world
    return found


def arm_id(request: Request) -> str:
    """The ARM id that the request's path is, as it was sent."""
    return str(request.scope["path"]).rstrip("/")


def workspace_id(request: Request) -> str:
    """The ARM id of the workspace in the path, as it was first written.

    Raises:
        AzureError: 404: no such group or workspace.
    """
    group, name = request.path_params["group"], request.path_params["workspace"]
    documents = world(request).documents
    group_id = f"/subscriptions/{request.path_params['subscription']}/resourceGroups/{group}"
    found = documents.get(f"{group_id}/providers/Microsoft.MachineLearningServices/workspaces/{name}")
    if found is not None:
        return str(found["id"])
    if documents.get(group_id) is None:
        raise AzureError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")
    raise not_found("Microsoft.MachineLearningServices/workspaces", name, group)


def not_found(type: str, name: str, group: str) -> AzureError:  # noqa: A002
    """Azure Resource Manager's 404 for a resource."""
    message = f"The Resource '{type}/{name}' under resource group '{group}' was not found."
    return AzureError(404, "ResourceNotFound", message)


def _json(raw: bytes) -> Any:
    """The value of a JSON text, which can be stored, sent and put into a path again.

    Raises:
        ValueError: not JSON (RFC 8259), or a number or a character in it is none.
    """
    body = json.loads(raw, parse_constant=_number, parse_float=_number)
    if b"\\u" in raw:
        text = json.dumps(body, ensure_ascii=False)
        text.encode()  # half of a surrogate pair has no bytes
        if "\\u0000" in text.replace("\\\\", ""):
            raise ValueError("the character U+0000")
    return body


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"the number {text}")
    return value


def _check_arm(request: Request) -> None:
    if "api-version" not in request.query_params:
        message = "The api-version query parameter (?api-version=) is required for all requests."
        raise AzureError(400, "MissingApiVersionParameter", message)
    asked = request.scope["path"].split("/")[2]
    if asked.lower() != SUBSCRIPTION and world(request).documents.get(f"/subscriptions/{asked}") is None:
        raise AzureError(404, "SubscriptionNotFound", f"The subscription '{asked}' could not be found.")

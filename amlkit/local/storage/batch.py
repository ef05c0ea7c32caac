"""`POST ?comp=batch`: many small requests in one, as azure-storage-blob deletes blobs or sets their tiers.

Every part is a request of its own, with an authorization of its own; its answer is a part of the answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from email import policy
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from .call import Call, common_headers
from .errors import storage_error

MOST = 256  # Azure's
_CRLF = "\r\n"
Answer = Callable[[Request], Awaitable[Response]]


async def run(call: Call, answer: Answer) -> Response:
    """Answer each part by `answer`.

    Raises:
        AzureError: 400: not a batch; 403: not for the sender.
    """
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=policy.HTTP).parsebytes(head + await call.request.body())
    parts = [part for part in message.walk() if part.get_content_type() == "application/http"]
    if not message.is_multipart() or not 0 < len(parts) <= MOST:
        raise storage_error("InvalidInput", f"A batch has 1 to {MOST} parts.")
    boundary = f"batchresponse_{uuid.uuid4()}"
    chunks = []
    for part in parts:
        request = _request(call, part)
        response = await answer(request)
        for name, value in common_headers(request.headers).items():
            response.headers[name] = value
        chunks.append(_chunk(boundary, part, response))
    body = b"".join(chunks) + f"--{boundary}--{_CRLF}".encode()
    return Response(body, 202, headers={"Content-Type": f"multipart/mixed; boundary={boundary}"})


def _request(call: Call, part: Message) -> Request:
    payload = part.get_payload(decode=True)
    text = payload if isinstance(payload, bytes) else b""
    line, _, rest = text.partition(b"\r\n")
    words = line.decode("latin-1").split(" ")
    if len(words) != 3 or words[0] not in ("DELETE", "PUT") or not words[1].isascii():
        raise storage_error("InvalidInput", "A part of a batch is not a request that may be in one.")
    sent = BytesParser(policy=policy.HTTP).parsebytes(rest, headersonly=True)
    headers = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in sent.items()]
    names = {name for name, _ in headers}
    if b"host" not in names:
        headers.append((b"host", call.headers["host"].encode("latin-1")))
    path, _, query = words[1].partition("?")
    scope: Scope = {
        **call.request.scope,
        "method": words[0],
        "path": unquote(path),
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "headers": headers,
    }
    return Request(scope, _no_body)


async def _no_body() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _chunk(boundary: str, part: Message, response: Response) -> bytes:
    status = HTTPStatus(response.status_code)
    content_id = part.get("Content-ID")
    lines = [f"--{boundary}", "Content-Type: application/http"]
    if content_id is not None:
        lines.append(f"Content-ID: {content_id}")
    lines += ["", f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return _CRLF.join([*lines, "", ""]).encode("latin-1") + bytes(response.body) + _CRLF.encode()

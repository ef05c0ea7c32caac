"""Refusals of the blob service: XML bodies, codes as Azure Storage names them."""

from __future__ import annotations

from xml.sax.saxutils import escape

from starlette.responses import Response

from ..web import AzureError

_MESSAGES = {
    "BlobNotFound": (404, "The specified blob does not exist."),
    "ContainerNotFound": (404, "The specified container does not exist."),
    "ContainerAlreadyExists": (409, "The specified container already exists."),
    "BlobAlreadyExists": (409, "The specified blob already exists."),
    "ConditionNotMet": (412, "The condition specified using HTTP conditional header(s) is not met."),
    "InvalidRange": (416, "The range specified is invalid for the current size of the resource."),
    "InvalidBlockList": (400, "The specified block list is invalid."),
    "InvalidXmlDocument": (400, "XML specified is not syntactically valid."),
    "Md5Mismatch": (
        400,
        "The MD5 value specified in the request did not match the MD5 value calculated by the server.",
    ),
    "NoAuthenticationInformation": (
        401,
        "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    ),
    "AuthenticationFailed": (
        403,
        "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
        "including the signature.",
    ),
    "AuthorizationPermissionMismatch": (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "AuthorizationResourceTypeMismatch": (
        403,
        "This request is not authorized to perform this operation using this resource type.",
    ),
    "KeyBasedAuthenticationNotPermitted": (403, "Key based authentication is not permitted on this storage account."),
}


def storage_error(code: str, detail: str = "") -> AzureError:
    """The refusal with this code; `detail` is put behind its standard message."""
    status, message = _MESSAGES[code]
    return AzureError(status, code, f"{message} {detail}".strip())


def response(error: AzureError, *, head: bool = False) -> Response:
    """The refusal as the blob service sends it."""
    headers = {"x-ms-error-code": error.code}
    body = (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{escape(error.code)}</Code>'
        f"<Message>{escape(error.message)}</Message></Error>"
    )
    return Response("" if head or error.status == 304 else body, error.status, headers, media_type="application/xml")

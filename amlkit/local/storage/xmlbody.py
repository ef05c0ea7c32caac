"""Bodies of requests that are XML documents. Used by the verbs that take one."""

from __future__ import annotations

from xml.etree import ElementTree

from .errors import storage_error


def parsed(body: bytes) -> ElementTree.Element:
    """The root of the document.

    Raises:
        AzureError: 400: it is none, or in an encoding that nobody knows.
    """
    try:
        return ElementTree.fromstring(body)  # noqa: S314  a token holder's; entities are not loaded, their growth is bounded
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise storage_error("InvalidXmlDocument") from error

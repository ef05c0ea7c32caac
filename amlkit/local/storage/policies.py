"""Stored access policies of containers and shares: what a shared access signature may leave to its `si`."""

from __future__ import annotations

from xml.sax.saxutils import escape

from .errors import storage_error
from .records import CONTAINER, Records
from .xmlbody import parsed

_KIND = "policies"
_NAMES = {"Start": "st", "Expiry": "se", "Permission": "sp"}
_MOST = 5  # Azure's


class Policies:
    """The policies that the records hold."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def find(self, account: str, container: str, identifier: str) -> dict[str, str] | None:
        """`sp`, `st`, `se` of a policy, or None."""
        found: dict[str, dict[str, str]] = self._records.note(account, container, CONTAINER, _KIND) or {}
        return found.get(identifier)

    def as_xml(self, account: str, container: str) -> str:
        """All of a container, as the service lists them."""
        found: dict[str, dict[str, str]] = self._records.note(account, container, CONTAINER, _KIND) or {}
        items = []
        for identifier, policy in found.items():
            values = "".join(
                f"<{tag}>{escape(policy[name])}</{tag}>" for tag, name in _NAMES.items() if policy.get(name)
            )
            policy_xml = f"<AccessPolicy>{values}</AccessPolicy>"
            items.append(f"<SignedIdentifier><Id>{escape(identifier)}</Id>{policy_xml}</SignedIdentifier>")
        return f"<SignedIdentifiers>{''.join(items)}</SignedIdentifiers>"

    def replace(self, account: str, container: str, body: bytes) -> None:
        """Replace all of a container by those in the body.

        Raises:
            AzureError: 400: not such a document.
        """
        found: dict[str, dict[str, str]] = {}
        items = list(parsed(body)) if body.strip() else []
        if len(items) > _MOST:
            raise storage_error("InvalidXmlDocument", f"There are more than {_MOST} access policies.")
        for item in items:
            identifier = item.findtext("Id") or ""
            if not 0 < len(identifier) <= 64:
                raise storage_error("InvalidXmlDocument", "The id of an access policy has 1 to 64 characters.")
            values = {name: item.findtext(f"AccessPolicy/{tag}") or "" for tag, name in _NAMES.items()}
            found[identifier] = {name: value for name, value in values.items() if value}
        self._records.set_note(account, container, CONTAINER, _KIND, found)

"""An address in a storage account, taken apart. Used by all of the package."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlsplit

from amlkit.errors import SetupError

SERVICES = ("blob", "dfs", "file")
_HOST = re.compile(r"[a-z0-9]{3,24}\.(?P<service>blob|dfs|file)\..+")


@dataclass(frozen=True)
class Place:
    """`<account_url>/<container>/<path>`. `container`: also a share or a file system; `path` without outer slashes."""

    account_url: str
    service: str
    container: str
    path: str = ""

    @classmethod
    def of(cls, url: str) -> Place:
        """From `https://<account>.<blob|dfs|file>.<suffix>/<container>/<path>`.

        Raises:
            SetupError: another address.
        """
        parts = urlsplit(url)
        match = _HOST.fullmatch(parts.hostname or "")
        container, _, path = unquote(parts.path).strip("/").partition("/")
        if parts.scheme != "https" or match is None or not container:
            what = f"not an address in a storage account: {url.partition('?')[0]}"
            raise SetupError(what, hint="https://<account>.blob.core.windows.net/<container>/<path>")
        return cls(f"https://{parts.netloc}", match["service"], container, path.strip("/"))

    def __str__(self) -> str:
        return "/".join(filter(None, (self.account_url, self.container, quote(self.path))))

    @property
    def host(self) -> str:
        """`<account>.<service>.<suffix>`."""
        return self.account_url.partition("://")[2]

    def below(self, path: str) -> Place:
        """The place of a path relative to this one."""
        return replace(self, path="/".join(filter(None, (self.path, path.strip("/")))))

"""The transport of files to and from storage: blobs, file shares and Data Lake, only what changed, many at once.

It goes as who we are, or by a SAS that the workspace gave out; never by the account key. Called by the hooks of
`infra.uploads` straight before the resource that says that the files are there, by `delivery` for a run's code and
data, and by the command `data`.
"""

from __future__ import annotations

from .opening import opened
from .places import Place
from .receiving import Received, receive
from .sending import send
from .stores import Entry, Store, Watcher

__all__ = ["Entry", "Place", "Received", "Store", "Watcher", "opened", "receive", "send"]

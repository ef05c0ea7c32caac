"""Files behind web addresses, fetched once: a thread an address, however many steps wait for it.

Used by the scheduler. A file is there when it is whole: it is written beside its place and moved into it.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..blobs import Blobs, is_web, shown
from .bindings import Given

Told = Callable[[str], None]
_TIMEOUT_SECONDS = 60.0


class Downloads:
    """Who waits for what. `ambient` are the machine's own variables: its proxies are taken from them."""

    def __init__(self, blobs: Blobs, ambient: Mapping[str, str]) -> None:
        self._blobs = blobs
        self._ambient = ambient
        self._waiting: dict[str, list[Told]] = {}
        self._lock = threading.Lock()

    def missing(self, inputs: Iterable[Given]) -> list[str]:
        """The web addresses among the inputs whose file is not here yet; one delivered as an address is not needed."""
        data = (item for item in inputs if not item.port.is_literal)
        return [item.text for item in data if is_web(item.text) and not self._blobs.web_file(item.text).is_file()]

    def want(self, uri: str, told: Told) -> None:
        """Have a file fetched; `told` gets an empty text, or the reason why it is not there."""
        with self._lock:
            is_first = uri not in self._waiting
            self._waiting.setdefault(uri, []).append(told)
        if is_first:
            threading.Thread(target=self._fetch, args=(uri,), daemon=True, name="download").start()

    def _fetch(self, uri: str) -> None:
        error = ""
        try:
            self._into(uri, self._blobs.web_file(uri))
        except Exception as problem:  # whatever it is, somebody waits for an answer
            error = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
        with self._lock:
            waiting = self._waiting.pop(uri)
        for told in waiting:
            told(error and f"{shown(uri)} cannot be fetched: {error}")

    def _into(self, uri: str, place: Path) -> None:
        import urllib.request

        if place.is_file():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.parent / f".{uuid.uuid4().hex}"
        proxies = {
            scheme: address
            for scheme in ("http", "https")
            if (address := self._ambient.get(f"{scheme}_proxy") or self._ambient.get(f"{scheme.upper()}_PROXY"))
        }
        opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies))
        try:
            with opener.open(uri, timeout=_TIMEOUT_SECONDS) as answer, part.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

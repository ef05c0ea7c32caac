"""Answers whose names of metadata go out as their writer wrote them; other header names are in lower case."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse

PREFIX = "x-ms-meta-"


class _Cased(Response):
    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        super().init_headers(headers)
        written = {name.lower().encode("latin-1"): name.encode("latin-1") for name in headers or {}}
        metadata = PREFIX.encode()
        self.raw_headers = [
            (written.get(name, name) if name.startswith(metadata) else name, value) for name, value in self.raw_headers
        ]


class Described(_Cased):
    """An answer that describes something, maybe with its content."""


class Streamed(_Cased, StreamingResponse):
    """An answer with content that is too long for one piece."""

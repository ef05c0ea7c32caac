"""What happens, told to the display one event at a time, counted and kept for the result; secrets never pass.

Every part of the engine reports here; `operations` makes the `Result` of it.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from amlkit.engine.events import HIDDEN, Event, MessageEvent, Op, Severity, StepEvent
from amlkit.errors import AmlkitError

from .gate import ConsequenceError
from .values import known_secrets

_SHORTEST_MASKED = 4
"""Characters; masking shorter secrets would garble text and tell more than it hides."""
_COUNTED_ELSEWHERE = (
    *(Op.CREATE_REPLACEMENT, Op.IMPORT_REPLACEMENT, Op.READ_REPLACEMENT),
    *(Op.DELETE_REPLACED, Op.DISCARD_REPLACED, Op.REFRESH),
)


class Reporter:
    """Passes events to `emit`, never two at once."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._lock = threading.RLock()
        self._masked: set[str] = set()
        self.steps: list[StepEvent] = []
        self.messages: list[MessageEvent] = []
        self.counts: Counter[Op] = Counter()
        self.error = ""
        self._logged = ""

    @property
    def failed(self) -> bool:
        """Was anything reported as an error?"""
        return bool(self.error)

    def hide(self, values: Any) -> None:
        """Mask the secrets that are marked in these values in every text from now on."""
        with self._lock:
            self.hide_texts(known_secrets(values))

    def hide_texts(self, texts: Iterable[str]) -> None:
        """Mask these texts, and each line of theirs."""
        with self._lock:
            for text in texts:
                self._masked.update(part for part in (text, *text.splitlines()) if len(part) >= _SHORTEST_MASKED)

    def masked(self, text: str) -> str:
        """A text without any known secret."""
        with self._lock:
            for secret in sorted(self._masked, key=len, reverse=True):
                text = text.replace(secret, HIDDEN)
        return text

    def event(self, event: Event) -> None:
        """Pass on an event that needs no counting."""
        with self._lock:
            self._emit(event)

    def step(self, event: StepEvent) -> None:
        """A step began, ended or failed."""
        with self._lock:
            if event.error:
                event = replace(event, error=self.masked(event.error))
            if event.state == "done":
                self.steps.append(event)
                quiet = event.op is Op.READ and not event.changes
                if event.op not in _COUNTED_ELSEWHERE and not quiet and not event.is_internal:
                    self.counts[event.op] += 1
            self._emit(event)

    def changes(self, kind: str) -> dict[Op, int]:
        """Counts by operation; a refresh counts what it found."""
        if kind != "refresh":
            return dict(self.counts)
        read = [step for step in self.steps if step.op is Op.REFRESH and not step.is_internal]
        found = Counter(Op.DELETE if step.gone else Op.UPDATE if step.changes else Op.SAME for step in read)
        return dict(self.counts + found)

    def message(self, severity: Severity, text: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """A line for the user; an error makes the operation fail."""
        with self._lock:
            event = MessageEvent(severity, self.masked(text), urn, ephemeral)
            if severity == "error" and not self.error:
                self.error = event.message
            self._told(event)

    def logged(self, severity: Severity, text: str, urn: str = "", *, ephemeral: bool = False) -> None:
        """A line that the program or a plugin logged; an error fails nothing unless the program then fails too."""
        with self._lock:
            event = MessageEvent(severity, self.masked(text), urn, ephemeral)
            if severity == "error" and not self._logged:
                self._logged = event.message
            self._told(event)

    def fail_as_logged(self) -> None:
        """The program failed: the first error that was logged is why, if none was reported."""
        with self._lock:
            self.error = self.error or self._logged

    def _told(self, event: MessageEvent) -> None:
        if event.severity != "debug":
            self.messages.append(event)
        self._emit(event)

    def failure(self, error: BaseException, urn: str = "") -> None:
        """An error as a line: facts and hint of our own, the text of any other. A mere consequence is told if alone."""
        if isinstance(error, ConsequenceError) and self.failed:
            return
        text = str(error) if isinstance(error, AmlkitError) else f"{type(error).__name__}: {error}"
        self.message("error", text, urn)

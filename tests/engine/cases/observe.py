"""What a command did, in a form that is equal whenever it did the same: no times, ids, paths, ciphertexts, chance.

`Observer` looks at a project before and after a command and tells the fields that `story.OBSERVED` names.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from amlkit.propertyvalues import ARCHIVE, ASSET, RESOURCE, SECRET, SIGNATURE, UNKNOWN

from ..conftest import Project
from .engines import Ran

_WORDS = {
    SIGNATURE: "sig",
    SECRET: "secret",
    ASSET: "asset",
    ARCHIVE: "archive",
    RESOURCE: "reference",
    UNKNOWN: "unknown",
}
_LONG, _HUGE = 400, 100_000
_PATTERNS = (
    (re.compile(r"urn:pulumi:dev::try::"), ""),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "COMMIT"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), "TIME"),
    (re.compile(r"\b([a-z]+)-[0-9a-f]{7}\b"), r"\1-auto"),
    (re.compile(r"created by \S+@\S+ \(pid \d+\)"), "created by SOMEONE"),
    (re.compile(r'toy\.py", line \d+'), 'toy.py"'),
    (re.compile(r"project:///toy\.py#\d+"), "project:///toy.py"),
    (re.compile(r"v1:[A-Za-z0-9+/]{16}:[A-Za-z0-9+/=]{16,}"), "CIPHERTEXT"),
)
_OF_SDK = re.compile(r"(beginning rpc|register|resource registration|read(ing)? resource|preparing|Waiting|RPCs|All )")
_COURSE = {"resourcePreEvent": "begun", "resOutputsEvent": "done", "resOpFailedEvent": "failed"}
_STOPPED = re.compile(r"\s|Traceback|KeyboardInterrupt|During handling|Exception ignored|$")
_DROPPED = {"created", "modified", "stackTrace", "ciphertext", "aliases", "startTime", "endTime", "duration"}
_MUTATES = ("Create", "Update", "Delete")


class Observer:
    """Sees what one command after the other changes."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = str(project.folder)
        self._state: dict[str, Any] = {}
        self._graph: dict[str, set[str]] = {}
        self._history: set[str] = set()
        self._settings: dict[str, list[str]] = {}
        self.look()

    def look(self) -> None:
        """Take what is there now as known."""
        self._state, self._graph = self._read_state()
        self._history = {path.name for path in self._history_files()}
        self._settings = self._read_settings()
        (self.project.cloud / "calls.jsonl").unlink(missing_ok=True)

    def observe(self, ran: Ran) -> dict[str, Any]:
        """The fields that the command gave something for."""
        before, edges, settings = self._state, self._graph, self._settings
        self._state, self._graph = self._read_state()
        self._settings = self._read_settings()
        calls = [call for call in self.project.log() if call["method"] != "Configure"]
        together = {name: edges.get(name, set()) | self._graph.get(name, set()) for name in {*edges, *self._graph}}
        told = self._told(ran)
        seen = {
            "code": ran.code,
            **told,
            "calls": sorted((self.scrub(call) for call in calls), key=_text),
            "order": _order(calls, together),
            "state": _delta(before, self._state),
            "history": self._new_history(),
            "settings": _delta(settings, self._settings),
            "cloud": sorted(self.scrub(name) for name in self.project.things()),
            "notes": self._notes(),
            **self._event_log(),
            "aside": [{"code": each.code, **self._told(each)} for each in ran.aside],
        }
        return {key: value for key, value in seen.items() if value not in ([], {}, "")}

    def _told(self, ran: Ran) -> dict[str, Any]:
        """Steps, counts and messages; what is neither an event nor a preview is `printed`."""
        document, lines = _documents(ran.out)
        events = [line for line in lines if isinstance(line, dict) and "sequence" in line]
        steps = [*_event_steps(events), *_preview_steps(document)]
        counts = [each["summaryEvent"].get("resourceChanges", {}) for each in events if "summaryEvent" in each]
        said = [each["diagnosticEvent"] for each in events if "diagnosticEvent" in each]
        texts = [line for line in lines if isinstance(line, str)]
        is_preview = isinstance(document, dict) and "changeSummary" in document
        told = {
            "steps": sorted({self.text(step) for step in steps}),
            "changes": (document if is_preview else {"changeSummary": counts[-1] if counts else {}})["changeSummary"],
            "messages": self._messages([*said, *(document.get("diagnostics", []) if is_preview else [])], ran.err),
            "printed": [self.text(line) for line in texts if line.strip()],
        }
        if document is not None and not is_preview:
            told["printed"] = self.scrub(_without_manifest(document))
        return {key: value for key, value in told.items() if value not in ([], {}, "")}

    def _messages(self, said: list[dict[str, Any]], err: str) -> list[str]:
        found = set()
        for each in said:
            if _is_noise(each):
                continue
            name = each.get("urn", "").split("::")[-1]
            text = each["message"].removeprefix(each.get("prefix") or f"{each['severity']}: ")
            head = f"{each['severity'].removesuffix('#err')} {name}".strip()
            found |= {f"{head}: {line}" for line in self._lines(text)}
        return sorted(found | {_of_stderr(line) for line in self._lines(err)})

    def _lines(self, text: str) -> Iterable[str]:
        """Lines that say something: of a traceback only the frames in the program and the error itself."""
        skip = False
        for line in text.splitlines():
            if re.match(r'\s+File "', line):
                skip = self.folder not in line
                if skip:
                    continue
            elif skip and line.startswith("    "):
                continue
            else:
                skip = False
            if line.strip(" ^~"):
                yield self.text(line.strip())

    def _read_state(self) -> tuple[dict[str, Any], dict[str, set[str]]]:
        """Short URN → resource, and name → names that it depends on; `stack` holds the rest of the checkpoint."""
        plain = self.project.state_file
        files = [file for file in (plain, plain.with_name(f"{plain.name}.gz")) if file.exists()]
        if not files:
            return {}, {}
        whole = json.loads(_read(files[0]))
        latest = whole["checkpoint"].get("latest") or {}
        found: dict[str, Any] = {}
        graph: dict[str, set[str]] = {}
        for resource in latest.get("resources", []):
            urn = resource["urn"]
            key = self.text(urn) + (" (to be deleted)" if resource.get("delete") else "")
            found[key] = self.scrub({name: value for name, value in resource.items() if name not in ("urn", "type")})
            graph.setdefault(_name(urn), set()).update(_name(each) for each in _depends(resource))
        pending = [
            f"{each['type']} {self.text(each['resource']['urn'])}" for each in latest.get("pending_operations", [])
        ]
        found["stack"] = {"version": whole["version"], "features": sorted(whole.get("features") or [])}
        found["stack"] |= {"pending": sorted(pending), "locks": self._locks()}
        if files != [plain]:
            found["stack"] |= {"files": [file.name for file in files]}
        return found, graph

    def _read_settings(self) -> dict[str, list[str]]:
        """Stack → lines of its settings, without the salt."""
        found = {}
        for file in (self.project.folder / "project").glob("Pulumi.*.yaml"):
            lines = [self.text(line) for line in file.read_text().splitlines()]
            found[file.name.split(".")[1]] = [line for line in lines if not line.startswith("encryptionsalt: ")]
        return found

    def _locks(self) -> int:
        return len([*(self.project.folder / "state/.pulumi/locks").rglob("*.json")])

    def _history_files(self) -> list[Any]:
        return sorted((self.project.folder / "state/.pulumi/history/try/dev").glob("*.history.json*"))

    def _new_history(self) -> list[Any]:
        new = [path for path in self._history_files() if path.name not in self._history]
        self._history |= {path.name for path in new}
        kept = ("kind", "message", "result", "resourceChanges", "environment")
        read = [json.loads(_read(path)) for path in new if path.suffix != ".attrs"]
        for each in read:
            facts = {
                name: said for name, said in each["environment"].items() if name.startswith(("git.", "vcs.", "ci."))
            }
            each["environment"] = facts
        return [self.scrub({key: each[key] for key in kept if each.get(key)}) for each in read]

    def _notes(self) -> list[str]:
        """What the program noted, in order."""
        file = self.project.cloud / "notes"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [self.text(line) for line in lines]

    def _event_log(self) -> dict[str, Any]:
        """What a command wrote into `events.jsonl`: events, but for those that only debugging needs; the course of each
        resource, in order; and the lines with which the SDK tells what it does.
        """
        file = self.project.folder / "project/events.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        file.unlink(missing_ok=True)
        kept = [each for each in lines if not _is_noise(each.get("diagnosticEvent", {}))]
        unlike = ("sequence", "timestamp", "durationSeconds")
        said = [each["diagnosticEvent"] for each in lines if each.get("diagnosticEvent", {}).get("severity") == "debug"]
        return {
            "events": sorted((self.scrub(_without(each, unlike)) for each in kept), key=_text),
            "course": {self.text(urn): course for urn, course in sorted(_courses(lines).items())},
            "debug": sorted(self.text(each["message"].strip()) for each in said if _OF_SDK.match(each["message"])),
        }

    def text(self, text: str) -> str:
        """A text without what chance or a machine puts into it."""
        if len(text) > _HUGE:
            return _shortened(text)
        for long, short in _WORDS.items():
            text = text.replace(long, short)
        text = text.replace(self.folder, "FOLDER")
        for pattern, word in _PATTERNS:
            text = pattern.sub(word, text)
        return _shortened(text) if len(text) > _LONG else text

    def scrub(self, value: Any, key: str = "") -> Any:
        """The same for a value; lists of texts are sorted where their order says nothing."""
        if isinstance(value, dict):
            kept = {name: item for name, item in value.items() if name not in _DROPPED}
            if kept.get("sourcePosition", "").startswith("project:///.."):
                del kept["sourcePosition"]  # outside the project
            return {self.text(name): self.scrub(item, name) for name, item in sorted(kept.items())}
        if isinstance(value, list):
            items = [self.scrub(item) for item in value]
            return sorted(items) if key in ("dependencies", "replaceWith") or _are_urns(value) else items
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self.text(value) if isinstance(value, str) else value


def _read(path: Path) -> str:
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()


def _shortened(text: str) -> str:
    return f"{text[:20]}… {len(text)} {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _of_stderr(line: str) -> str:
    """`error: …` and `warning: …` are messages wherever they are told."""
    return line if re.match(r"(error|warning): ", line) else f"stderr: {line}"


def _is_noise(message: dict[str, Any]) -> bool:
    """Debug lines, and what an interpreter that is told to stop says about that (severity `info#err`)."""
    if message.get("severity") == "info#err":
        return bool(_STOPPED.match(message["message"]))
    return message.get("severity") == "debug" or bool(message.get("ephemeral"))


def _documents(out: str) -> tuple[Any, list[Any]]:
    """One JSON document, or lines: events as objects, else texts."""
    try:
        document = json.loads(out)
    except ValueError:
        return None, [_line(line) for line in out.splitlines()]
    is_event = isinstance(document, dict) and "sequence" in document
    return (None, [document]) if is_event else (document, [])


def _line(line: str) -> Any:
    try:
        value = json.loads(line)
    except ValueError:
        return line
    return value if isinstance(value, dict) else line


def _event_steps(events: list[dict[str, Any]]) -> list[str]:
    steps = []
    begun: dict[tuple[str, str], bool] = {}
    for event in events:
        for kind, word in (("resourcePreEvent", "begun"), ("resOutputsEvent", ""), ("resOpFailedEvent", "failed")):
            if kind not in event:
                continue
            metadata = event[kind]["metadata"]
            if kind == "resourcePreEvent":
                begun[metadata["urn"], metadata["op"]] = True
                continue
            begun[metadata["urn"], metadata["op"]] = False
            begun[metadata["urn"], "refresh"] = False
            steps.append(_step(metadata["op"], metadata["urn"], metadata.get("detailedDiff"), word, "diffKind"))
    return [*steps, *(_step(op, urn, None, "not ended") for (urn, op), open_ in begun.items() if open_)]


def _courses(events: list[dict[str, Any]]) -> dict[str, list[str]]:
    """URN → what was told of it, in order."""
    found: dict[str, list[str]] = {}
    for event in sorted(events, key=lambda each: int(each["sequence"])):
        for kind, word in _COURSE.items():
            if kind in event:
                metadata = event[kind]["metadata"]
                found.setdefault(metadata["urn"], []).append(f"{metadata['op']} {word}")
    return found


def _preview_steps(document: Any) -> list[str]:
    if not isinstance(document, dict):
        return []
    return [_step(each["op"], each["urn"], each.get("detailedDiff")) for each in document.get("steps", [])]


def _step(op: str, urn: str, detailed: dict[str, Any] | None, word: str = "", kind: str = "kind") -> str:
    diff = ", ".join(f"{path} {change.get(kind)}" for path, change in sorted((detailed or {}).items()))
    return " ".join(filter(None, (op, urn, word, f"({diff})" if diff else "")))


def _order(calls: list[dict[str, Any]], graph: dict[str, set[str]]) -> list[str]:
    """Which changing call came before which, for resources of which one depends on the other."""
    changing = [
        (each["method"], each["name"]) for each in calls if each["method"] in _MUTATES and not each.get("preview")
    ]
    found = set()
    for index, (method, name) in enumerate(changing):
        for later, other in changing[index + 1 :]:
            if name == other or name in graph.get(other, ()) or other in graph.get(name, ()):
                found.add(f"{method} {name} < {later} {other}")
    return sorted(found)


def _delta(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What is new or changed; None for what is gone."""
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    return dict(sorted((changed | {key: None for key in before if key not in after}).items()))


def _depends(resource: dict[str, Any]) -> set[str]:
    found = {resource.get("parent", ""), resource.get("deletedWith", ""), *resource.get("dependencies", [])}
    found |= set(resource.get("replaceWith") or [])
    for urns in (resource.get("propertyDependencies") or {}).values():
        found |= set(urns or [])
    return found | {resource.get("provider", "").rpartition("::")[0]} - {""}


def _name(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _are_urns(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(item, str) and item.startswith("urn:pulumi:") for item in value)


def _without(value: Any, names: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return value


def _without_manifest(document: Any) -> Any:
    if isinstance(document, dict) and "deployment" in document:
        inner = {key: value for key, value in (document["deployment"] or {}).items() if key != "manifest"}
        return {**document, "deployment": {key: value for key, value in inner.items() if key != "secrets_providers"}}
    return document

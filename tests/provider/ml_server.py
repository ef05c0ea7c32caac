"""The small ARM with what Azure ML adds: immutable versions, batch endpoints with ETags and at most 20 deployments.

It can also race: `before` holds functions that run once, just before the call whose method and path end they name.
"""

import json
from dataclasses import dataclass, field

from . import arm_server
from .arm_server import ArmServer

LIMIT = 20


@dataclass
class MlServer(ArmServer):
    before: list = field(default_factory=list)  # (method, end of the path, function)
    etags: bool = True
    clock: int = 0

    def start(self):
        super().start()
        owner = self

        class Handler(_MlHandler):
            arm = owner

        self.http.RequestHandlerClass = Handler

    def writes(self):
        """Methods and last two segments of the paths of everything that was written, in order."""
        return [
            f"{call.method} {'/'.join(call.path.split('/')[-2:])}"
            for call in self.calls
            if call.method in ("PUT", "DELETE") and call.path.startswith("/subscriptions")
        ]

    def edit(self, id_, **tags):
        """Somebody else's hand: change tags of a document; None takes one away."""
        document = self.at(id_)
        document["tags"] = {k: v for k, v in {**document.get("tags", {}), **tags}.items() if v is not None}


class _MlHandler(arm_server._Handler):
    arm: MlServer

    def _resource(self, call):
        for item in list(self.arm.before):
            method, end, function = item
            if call.method == method and call.path.endswith(end):
                self.arm.before.remove(item)
                function()
        return super()._resource(call)

    def _get(self, call):
        prefix = f"{call.path.lower()}/"
        if call.path.endswith("/deployments"):
            found = [
                document
                for key, document in self.arm.documents.items()
                if key.startswith(prefix) and "/" not in key.removeprefix(prefix)
            ]
            return self._answer(200, {"value": found})
        document = self.arm.documents.get(call.path.lower())
        if document is not None and self.arm.etags:
            return self._answer(200, document, {"ETag": _etag(document)})
        return super()._get(call)

    def _put(self, call):
        old = self.arm.documents.get(call.path.lower())
        wanted = self.headers.get("If-Match")
        if wanted and (old is None or wanted != _etag(old)):
            return self._refuse(412, "PreconditionFailed", "The resource was changed meanwhile.")
        if "/versions/" in call.path and old is not None and old["given"] != call.body:
            return self._refuse(409, "VersionExists", "A version cannot be changed.")
        if "/deployments/" in call.path and old is None and len(self._siblings(call.path)) >= LIMIT:
            return self._refuse(400, "QuotaExceeded", f"An endpoint holds at most {LIMIT} deployments.")
        super()._put(call)
        document = self.arm.documents.get(call.path.lower())
        if document is not None:
            self.arm.clock += 1
            document.setdefault("given", call.body)
            if old is None:
                document["systemData"]["createdAt"] = f"2026-01-01T00:00:{self.arm.clock:02}Z"
        return None

    def _answer(self, status, document, headers=None):
        if isinstance(document, dict) and "/batchEndpoints" in document.get("type", ""):
            document["properties"].setdefault("scoringUri", f"{self.arm.url}/score/{document['name']}")
        super()._answer(status, document, headers)

    def _siblings(self, path):
        prefix = f"{path.rpartition('/')[0].lower()}/"
        return [key for key in self.arm.documents if key.startswith(prefix)]


def _etag(document):
    return '"' + str(abs(hash(json.dumps(document, sort_keys=True)))) + '"'

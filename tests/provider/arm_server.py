"""A small strict Azure Resource Manager over TLS: it stores documents, logs calls and refuses what ARM refuses.

It knows nothing of ours: tokens are checked, ids are compared without case, a PUT needs its parents, and what a type
answers beyond what it was given stands in `_filled`.
"""

import base64
import json
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from .certificates import server_context

IDENTITY_HEADER = "knock-knock"
TENANT = "00000000-0000-0000-0000-000000000002"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    version: str
    query: dict
    body: object


@dataclass
class ArmServer:
    folder: Path
    documents: dict = field(default_factory=dict)  # lower-case id → document
    calls: list = field(default_factory=list)
    faults: list = field(default_factory=list)  # (method, part of the path, status, code): used up one by one
    slow: set = field(default_factory=set)  # parts of paths whose PUT and DELETE answer 202
    broken: set = field(default_factory=set)  # parts of paths that end as Failed
    operations: dict = field(default_factory=dict)
    secrets: dict = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self):
        owner = self
        context: ssl.SSLContext = server_context(self.folder)

        class Handler(_Handler):
            arm = owner

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    @property
    def host(self):
        return f"127.0.0.1:{self.http.server_address[1]}"

    @property
    def url(self):
        return f"https://{self.host}"

    @property
    def environment(self):
        return {
            "ARM_METADATA_HOSTNAME": self.host,
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": IDENTITY_HEADER,
            "REQUESTS_CA_BUNDLE": str(self.folder / "ca.pem"),
            "NO_PROXY": "127.0.0.1",
        }

    def at(self, id_):
        return self.documents.get(id_.lower())

    def seed(self, id_, **document):
        self.documents[id_.lower()] = {"id": id_, "name": id_.rpartition("/")[2], **document}

    def made(self, method):
        """Paths of the calls of one method, in order, without the metadata and the tokens."""
        return [call.path for call in self.calls if call.method == method and call.path.startswith("/subscriptions")]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    arm: ArmServer

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._dispatch("GET")

    def do_PUT(self):
        self._dispatch("PUT")

    def do_POST(self):
        self._dispatch("POST")

    def do_DELETE(self):
        self._dispatch("DELETE")

    def _dispatch(self, method):
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        with self.arm.lock:
            if parts.path == "/metadata/endpoints":
                return self._answer(200, _metadata(self.arm.url))
            if parts.path == "/msi/token":
                return self._token(query)
            if parts.path.startswith("/control/subscriptions/"):
                return self._answer(200, {})
            call = Call(method, unquote(parts.path), query.pop("api-version", ""), query, body)
            self.arm.calls.append(call)
            return self._resource(call)

    def _resource(self, call):
        if not call.version:
            return self._refuse(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if self._audience() != self.arm.url:
            return self._refuse(401, "InvalidAuthenticationToken", "The access token is invalid.")
        for fault in self.arm.faults:
            method, part, status, code = fault
            if call.method == method and part in call.path:
                self.arm.faults.remove(fault)
                return self._refuse(status, code, "as asked")
        return getattr(self, f"_{call.method.lower()}")(call)

    def _get(self, call):
        if call.path.startswith("/operations/"):
            return self._operation(call.path)
        document = self.arm.documents.get(call.path.lower())
        if document is None:
            return self._refuse(404, "ResourceNotFound", f"The resource {call.path} was not found.")
        return self._answer(200, document)

    def _put(self, call):
        parent = _parent(call.path)
        if parent and parent.lower() not in self.arm.documents:
            return self._refuse(404, "ParentResourceNotFound", f"no parent {parent}")
        key = call.path.lower()
        old = self.arm.documents.get(key)
        if isinstance(call.body, dict) and "id" in call.body:
            return self._refuse(400, "InvalidRequestContent", "Could not find member 'id' on object.")
        document = _filled(call, old)
        failed = any(part in call.path for part in self.arm.broken)
        if failed:
            document["properties"]["provisioningState"] = "Failed"
        self.arm.documents[key] = document
        if any(part in call.path for part in self.arm.slow):
            return self._accepted(failed)
        return self._answer(200 if old else 201, document)

    def _delete(self, call):
        key = call.path.lower()
        if key not in self.arm.documents:
            return self._refuse(404, "ResourceNotFound", "gone")
        for name in [name for name in self.arm.documents if name == key or name.startswith(f"{key}/")]:
            del self.arm.documents[name]
        if any(part in call.path for part in self.arm.slow):
            return self._accepted(False)
        return self._answer(200, None)

    def _post(self, call):
        id_, _, action = call.path.rpartition("/")
        found = self.arm.secrets.get(action)
        if found is None or id_.lower() not in self.arm.documents:
            return self._refuse(404, "ResourceNotFound", call.path)
        return self._answer(200, found)

    def _accepted(self, failed):
        name = f"/operations/{len(self.arm.operations)}"
        self.arm.operations[name] = ["InProgress", "Failed" if failed else "Succeeded"]
        headers = {"Azure-AsyncOperation": f"{self.arm.url}{name}?api-version=2020-01-01", "Retry-After": "0"}
        return self._answer(202, None, headers)

    def _operation(self, name):
        states = self.arm.operations[name]
        state = states.pop(0) if len(states) > 1 else states[0]
        document = {"status": state}
        if state == "Failed":
            document["error"] = {"code": "QuotaExceeded", "message": "no cores left"}
        return self._answer(200, document, {"Retry-After": "0"})

    def _audience(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ").split(".")
        return json.loads(base64.urlsafe_b64decode(token[1] + "=="))["aud"] if len(token) == 3 else None

    def _token(self, query):
        if self.headers.get("X-IDENTITY-HEADER") != IDENTITY_HEADER:
            return self._refuse(401, "Unauthorized", "who is there?")
        claims = {"aud": query["resource"], "oid": "object", "appid": "application", "tid": TENANT}
        token = ".".join(_encoded(part) for part in ({"alg": "none"}, claims, {}))
        return self._answer(200, {"access_token": token, "expires_on": "4102444800", "token_type": "Bearer"})

    def _refuse(self, status, code, message):
        return self._answer(status, {"error": {"code": code, "message": message}})

    def _answer(self, status, document, headers=None):
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _filled(call, old):
    """What ARM answers: the body without secrets, and what only the service knows."""
    body = json.loads(json.dumps(call.body or {}))
    path = call.path.replace("/resourcegroups/", "/resourceGroups/")
    segments = path.split("/")
    properties = body.setdefault("properties", {})
    properties["provisioningState"] = "Succeeded"
    if path.rpartition("/")[0].endswith("/storageAccounts"):
        properties["primaryEndpoints"] = {"blob": f"https://{segments[-1]}.blob.core.amlkit.test/"}
        body["sku"]["tier"] = body["sku"]["name"].split("_")[0]
    if "/vaults/" in path:
        properties.pop("createMode", None)
        properties["vaultUri"] = f"https://{segments[-1]}.vault.test/"
    if "/datastores/" in path:
        properties.get("credentials", {}).pop("secrets", None)
    if path.rpartition("/")[0].endswith("MachineLearningServices/workspaces"):
        properties["workspaceId"] = "w-1"
        properties.setdefault("publicNetworkAccess", "Enabled")
    if body.get("identity", {}).get("type", "").startswith("SystemAssigned"):
        body["identity"]["principalId"] = "p-1"
    body["systemData"] = {"createdAt": (old or {}).get("systemData", {}).get("createdAt", "2026-01-01T00:00:00Z")}
    return {"id": path, "name": segments[-1], "type": _type(segments), **body}


def _type(segments):
    if "providers" not in segments:
        return "Microsoft.Resources/resourceGroups"
    rest = segments[len(segments) - segments[::-1].index("providers") :]
    return "/".join([rest[0], *rest[1::2]])


def _parent(path):
    """The id that must exist: of a child its resource, of a resource its group; scopes are not looked at."""
    head, _, tail = path.rpartition("/providers/")
    if not head or "roleAssignments" in tail:
        return None
    parts = tail.split("/")
    if len(parts) <= 3:
        return head
    return f"{head}/providers/{'/'.join(parts[:3])}"


def _metadata(url):
    return {
        "name": "AmlkitLocal",
        "portal": "https://portal.azure.com",
        "authentication": {"loginEndpoint": url, "audiences": [url]},
        "resourceManager": f"{url}/",
        "suffixes": {"storage": "core.amlkit.test"},
    }


def _encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")

"""Where a checkout keeps what is its own: everything of the stand-in lies below `.amlkit/` beside Pulumi.yaml.

Without a Pulumi.yaml, `amlkit run` makes `.amlkit/` in the working directory; commands find it from folders below.

Programs that are joined, as a platform and its pipelines, share one: `amlkit:home` in the `config` of a Pulumi.yaml
names the folder of the other program.

Also the environment that points unmodified Azure and Pulumi clients at the stand-in (`amlkit local env`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import SetupError

HOST = "127.0.0.1"
HOME_FOLDER = ".amlkit"
CLOUD = "AmlkitLocal"
STORAGE_SUFFIX = "core.amlkit.test"  # clients want `core.` first; `.localhost` would bypass the proxy
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
ML_AUDIENCE = "https://ml.azure.com"

_SHARED = re.compile(r"^[ \t]+[\"']?amlkit:home[\"']?:[ \t]*([^\s#]+)", re.MULTILINE)
_SETTINGS = re.compile(r"^[\"']?stackConfigDir[\"']?:[ \t]*([^\s#]+)", re.MULTILINE)
UNSET = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_TENANT_ID")


@dataclass(frozen=True)
class Address:
    """Where the stand-in of a checkout listens; kept between starts, so that ids and URLs stay true."""

    port: int
    proxy_port: int
    identity_header: str

    @property
    def url(self) -> str:
        """Base of the control plane, without a slash at the end; also the audience of its tokens."""
        return f"https://{HOST}:{self.port}"


@dataclass(frozen=True)
class Home:
    """The folder of one checkout. All paths are absolute; none is made by asking for it.

    `root` is the project's folder, `shared` that of the project whose local Azure ML it uses instead of its own.
    """

    root: Path
    shared: Path | None = None

    @classmethod
    def project(cls, start: Path | None = None) -> Home:
        """The checkout that holds `start` (default: the working directory): the nearest folder with a Pulumi.yaml.

        Raises:
            SetupError: there is none.
        """
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            if (folder / "Pulumi.yaml").is_file():
                return cls(folder, _shared(folder))
        raise SetupError("no Pulumi.yaml here or in a folder above", where=str(start), hint="run this in a project")

    @classmethod
    def find(cls, start: Path | None = None) -> Home:
        """The project around `start`, else the nearest folder where `amlkit run` made a home without one.

        Raises:
            SetupError: there is neither.
        """
        try:
            return cls.project(start)
        except SetupError:
            start = (start or Path.cwd()).resolve()
            for folder in (start, *start.parents):
                if cls(folder).address_file.is_file():
                    return cls(folder)
            raise

    @classmethod
    def here(cls, start: Path | None = None) -> Home:
        """As `find`, else `start` itself, which becomes a home when the local Azure ML starts in it."""
        try:
            return cls.find(start)
        except SetupError:
            return cls((start or Path.cwd()).resolve())

    @property
    def is_project(self) -> bool:
        """Is there a Pulumi.yaml?"""
        return (self.root / "Pulumi.yaml").is_file()

    @property
    def settings_folder(self) -> Path:
        """Where the files `Pulumi.<stack>.yaml` lie: beside Pulumi.yaml, or in the `stackConfigDir` that it names."""
        return _named(self.root, _SETTINGS) or self.root

    @property
    def folder(self) -> Path:
        """`.amlkit/`, ignored by git."""
        return self.place / HOME_FOLDER

    @property
    def place(self) -> Path:
        """The folder that `.amlkit/` is in; what runs there needs to know no other."""
        return self.shared or self.root

    @property
    def address_file(self) -> Path:
        """Written by the first start of the stand-in."""
        return self.folder / "address.json"

    @property
    def pid_file(self) -> Path:
        """Process id of the running stand-in."""
        return self.folder / "local.pid"

    @property
    def log_file(self) -> Path:
        """What the stand-in says."""
        return self.folder / "local.log"

    @property
    def database(self) -> Path:
        """SQLite: ARM documents, jobs, reuse."""
        return self.folder / "local.db"

    @property
    def ca(self) -> Path:
        """The stand-in's own certificate authority, its server certificate and the bundle for clients."""
        return self.folder / "ca"

    @property
    def ca_bundle(self) -> Path:
        """The ambient roots and our CA."""
        return self.ca / "bundle.pem"

    @property
    def data(self) -> Path:
        """Blobs as plain files: `data/<account>/<container>/<path>`."""
        return self.folder / "data"

    @property
    def runs(self) -> Path:
        """One folder a job: its work tree, logs and outputs under way."""
        return self.folder / "runs"

    @property
    def pulumi_home(self) -> Path:
        """PULUMI_HOME of local stacks: the plugins that only they may find."""
        return self.folder / "pulumi"

    @property
    def stacks(self) -> Path:
        """Pulumi's file backend of local stacks."""
        return self.folder / "stacks"

    @property
    def rehearsals(self) -> Path:
        """Pulumi's file backend of rehearsed stacks, apart from those that are local by themselves."""
        return self.folder / "rehearsals"

    @property
    def rehearsed_settings(self) -> Path:
        """The folder of this project's stack files for rehearsals: what `Pulumi.<stack>.yaml` says, another target."""
        import hashlib

        digits = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        return self.rehearsals / "settings" / f"{self.root.name}-{digits}"

    def address(self) -> Address | None:
        """Where the stand-in listens, or None before its first start.

        Raises:
            SetupError: the file is damaged.
        """
        try:
            return Address(**json.loads(self.address_file.read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            hint = "remove that file: the next start chooses new ports"
            raise SetupError(f"damaged: {error}", where=str(self.address_file), hint=hint) from error

    def write_address(self, address: Address) -> None:
        """Keep it for the next start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / ".gitignore").write_text("*\n")
        self.address_file.write_text(json.dumps(asdict(address)) + "\n")

    def environment(self, address: Address) -> dict[str, str]:
        """What points unmodified clients at this stand-in; the variables in `UNSET` must be absent as well."""
        return {
            # this api-version answers a list of clouds, which azureml-mlflow needs
            "ARM_CLOUD_METADATA_URL": f"{address.url}/metadata/endpoints?api-version=2019-05-01",
            "AZUREML_CURRENT_CLOUD": CLOUD,
            "ARM_METADATA_HOSTNAME": f"{HOST}:{address.port}",
            "IDENTITY_ENDPOINT": f"{address.url}/msi/token",
            "IDENTITY_HEADER": address.identity_header,
            "REQUESTS_CA_BUNDLE": str(self.ca_bundle),
            "HTTPS_PROXY": f"http://{HOST}:{address.proxy_port}",
            "NO_PROXY": f"localhost,{HOST}",
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": self.stacks.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
        }


def _shared(folder: Path) -> Path | None:
    """The folder that a project names as its home."""
    return _named(folder, _SHARED)


def _named(folder: Path, key: re.Pattern[str]) -> Path | None:
    """The folder that a project's file names by a key; read without YAML, because every command asks."""
    try:
        found = key.search((folder / "Pulumi.yaml").read_text())
    except (OSError, UnicodeDecodeError):
        return None  # whoever reads the project says what is wrong
    return (folder / found[1].strip("'\"")).resolve() if found else None


def pointed_at(variables: Mapping[str, str], ambient: Mapping[str, str] = os.environ) -> dict[str, str]:
    """A whole environment for a child: the ambient one with `variables` set and `UNSET` removed.

    Their lower-case twins go too: curl and Python's clients read `https_proxy` before `HTTPS_PROXY`.
    """
    kept = {name: value for name, value in ambient.items() if name not in UNSET and name.upper() not in variables}
    return {**kept, **variables}

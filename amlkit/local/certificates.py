"""The stand-in's own certificate authority, its server certificate, its token key, and the bundle that clients trust.

Made once a checkout, below `.amlkit/ca/`; keys are readable by their owner only. The authority may sign for loopback
and the stand-in's storage hosts only (name constraints), so that trusting it opens nothing else.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from ..home import HOST, STORAGE_SUFFIX, Home

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SERVICES = ("blob", "dfs", "file")
VALID_DAYS = 3650
_SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


def ensure_certificates(home: Home) -> None:
    """Make what is not there: `ca.pem`, `server.pem` with `server.key`, and `tokens.pem` (which signs tokens)."""
    wanted = ("ca.pem", "server.pem", "server.key", "tokens.pem")
    if all((home.ca / name).is_file() for name in wanted):
        return
    home.ca.mkdir(parents=True, exist_ok=True)
    home.ca.chmod(0o700)
    _make(home.ca)


def write_bundle(home: Home, environment: Mapping[str, str] = os.environ) -> None:
    """Write the bundle for clients: the ambient roots (`REQUESTS_CA_BUNDLE`, else `SSL_CERT_FILE`, else the system's)
    and our authority. An environment that points at this bundle already leaves its roots as they are.
    """
    ours = (home.ca / "ca.pem").read_text()
    roots = _ambient_roots(environment)
    if roots == home.ca_bundle and roots.is_file():
        if ours in roots.read_text():
            return
        roots = _system_roots()
    replacement = home.ca / "bundle.pem.new"
    replacement.write_text(f"{roots.read_text().rstrip()}\n{ours}" if roots else ours)
    replacement.replace(home.ca_bundle)


def _ambient_roots(environment: Mapping[str, str]) -> Path | None:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        path = Path(environment.get(name, ""))
        if environment.get(name) and path.is_file():
            return path
    return _system_roots()


def _system_roots() -> Path | None:
    default = ssl.get_default_verify_paths().cafile
    for name in (default, *_SYSTEM_ROOTS):
        if name and Path(name).is_file():
            return Path(name)
    return None


def _make(folder: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, server, tokens = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = _authority(authority)
    leaf = _leaf(server, ca, authority)
    _write_key(folder / "server.key", server)
    _write_key(folder / "tokens.pem", tokens)
    _write(folder / "server.pem", _pem(leaf))
    _write(folder / "ca.pem", _pem(ca))


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    name = _name("amlkit local")
    permitted = [x509.DNSName("localhost"), x509.DNSName(STORAGE_SUFFIX), x509.IPAddress(IPv4Network("127.0.0.0/8"))]
    return (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(key: EllipticCurvePrivateKey, ca: x509.Certificate, authority: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    hosts = ["localhost", *(f"*.{service}.{STORAGE_SUFFIX}" for service in SERVICES)]
    names = [x509.IPAddress(IPv4Address(HOST)), *map(x509.DNSName, hosts)]
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    return (
        _builder(_name("amlkit local server"), ca.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


def _write_key(path: Path, key: EllipticCurvePrivateKey) -> None:
    from cryptography.hazmat.primitives import serialization

    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    _write(path, key.private_bytes(encoding, form, serialization.NoEncryption()))


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)

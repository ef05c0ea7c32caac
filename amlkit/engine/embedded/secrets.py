"""Pulumi's passphrase secrets: what `checkpoint` and `stackfile` encrypt and decrypt with.

Format (Pulumi's passphrase secrets manager): key = PBKDF2-HMAC-SHA256, 1,000,000 rounds, 32 bytes; a value is
AES-256-GCM without associated data, as `v1:<base64 nonce of 12 bytes>:<base64 text and tag>`. The salt text is
`v1:<base64 salt of 8 bytes>:<a value>`, and that value decrypts to `pulumi` if the passphrase is right.
"""

from __future__ import annotations

import binascii
import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from amlkit.errors import SetupError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROUNDS = 1_000_000
KEY_BYTES = 32
SALT_BYTES = 8
NONCE_BYTES = 12
CHECK = "pulumi"
VARIABLE = "PULUMI_CONFIG_PASSPHRASE"
FILE_VARIABLE = "PULUMI_CONFIG_PASSPHRASE_FILE"


class Passphrase:
    """Encrypts and decrypts one stack's secrets. The key is derived (0.3 s) when first needed, not before."""

    def __init__(self, salt_text: str, passphrase: str) -> None:
        self.salt = salt_text
        self._passphrase = passphrase

    @classmethod
    def create(cls, passphrase: str) -> Passphrase:
        """A new salt for a stack that has none.

        Raises:
            SetupError: the package `cryptography` is not installed.
        """
        salt = os.urandom(SALT_BYTES)
        cipher = _derive(passphrase, salt)
        made = cls(f"v1:{b64encode(salt).decode()}:{_encrypt(cipher, CHECK)}", passphrase)
        made.__dict__["_cipher"] = cipher  # just derived: not again
        return made

    def encrypt(self, plaintext: str) -> str:
        """`v1:<nonce>:<text>`, another one each time.

        Raises:
            SetupError: the passphrase is wrong, or the salt is damaged.
        """
        return _encrypt(self._cipher, plaintext)

    def decrypt(self, text: str) -> str:
        """The plain text of what `encrypt`, or the Pulumi CLI, made with the same salt and passphrase.

        Raises:
            SetupError: the passphrase is wrong, or the text or the salt is damaged.
        """
        plain = _decrypt(self._cipher, text)
        if plain is None:
            raise SetupError("a secret of this stack cannot be decrypted", hint="it was encrypted with another salt")
        return plain

    def check(self) -> None:
        """Find out now, not at the first secret.

        Raises:
            SetupError: the passphrase is wrong, or the salt is damaged.
        """
        _ = self._cipher

    @cached_property
    def _cipher(self) -> AESGCM:
        version, salt, check = (*self.salt.split(":", 2), "", "")[:3]
        raw = _base64(salt)
        if version != "v1" or raw is None or not check:
            raise SetupError(f"not a salt of passphrase secrets: `{self.salt}`", hint=_SALT_HINT)
        cipher = _derive(self._passphrase, raw)
        if _decrypt(cipher, check) != CHECK:
            hint = f"set {VARIABLE} or {FILE_VARIABLE} to the right one, or put `encryptionsalt` of the stack file back"
            raise SetupError("incorrect passphrase", hint=hint)
        return cipher


class Keyring:
    """Passphrases by salt, so that the state and the stack file, which share one, derive the key once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._known: dict[str, Passphrase] = {}

    def __call__(self, salt: str) -> Passphrase:
        """The manager of a salt.

        Raises:
            SetupError: the environment gives no passphrase.
        """
        if salt not in self._known:
            self._known[salt] = Passphrase(salt, passphrase_from(self._environ))
        return self._known[salt]

    def create(self) -> Passphrase:
        """A manager with a new salt. Raises as a call does."""
        made = Passphrase.create(passphrase_from(self._environ))
        self._known[made.salt] = made
        return made


_SALT_HINT = "`encryptionsalt` of the stack file looks like `v1:…:v1:…:…`"


def passphrase_from(environ: Mapping[str, str]) -> str:
    """The passphrase that the environment gives; an empty one is legal.

    Raises:
        SetupError: neither variable is set, or the file cannot be read.
    """
    if VARIABLE in environ:
        return environ[VARIABLE]
    if name := environ.get(FILE_VARIABLE):
        try:
            return Path(name).read_text().strip()
        except OSError as error:
            raise SetupError(f"cannot read the passphrase: {error.strerror}", where=name) from error
    message = f"passphrase must be set with {VARIABLE} or {FILE_VARIABLE} environment variables"
    raise SetupError(message, hint=f"an empty one is legal: `export {VARIABLE}=`")


def _derive(passphrase: str, salt: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        hint = "install it with `pip install 'amlkit[local]'`"
        raise SetupError("secrets need the package `cryptography`", hint=hint) from error
    return AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ROUNDS, KEY_BYTES))


def _encrypt(cipher: AESGCM, plaintext: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    sealed = cipher.encrypt(nonce, plaintext.encode(), None)
    return f"v1:{b64encode(nonce).decode()}:{b64encode(sealed).decode()}"


def _decrypt(cipher: AESGCM, text: str) -> str | None:
    from cryptography.exceptions import InvalidTag

    version, nonce, sealed = (*text.split(":", 2), "", "")[:3]
    raw_nonce, raw_sealed = _base64(nonce), _base64(sealed)
    if version != "v1" or raw_nonce is None or raw_sealed is None or len(raw_nonce) != NONCE_BYTES:
        return None
    try:
        return cipher.decrypt(raw_nonce, raw_sealed, None).decode()
    except (InvalidTag, UnicodeDecodeError):
        return None


def _base64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None

"""The bytes of a tar archive as Go's standard library writes it: Pulumi's hash of an archive is the hash of these.

`archives` feeds members through. Every member is a regular file of mode 0600 without owner or time. Source of the
rules: Go's package `archive/tar`; names that do not fit get a record of the PAX format.
"""

from __future__ import annotations

import posixpath

END = bytes(1024)
_BLOCK, _NAME, _PREFIX = 512, 100, 155
_LARGE = 1 << 33
_REGULAR, _FOLDER, _EXTENDED = b"0", b"5", b"x"


def header(name: bytes, size: int) -> bytes:
    """What precedes the content of a file of so many bytes. A name that ends with a slash is a folder's."""
    kind = _FOLDER if name.endswith(b"/") else _REGULAR
    if size < _LARGE and (fields := _fields(name)):
        prefix, short = fields
        return _block(short, kind, size, prefix)
    records = {} if _fits(name) else {b"path": name}
    if size >= _LARGE:
        records[b"size"] = b"%d" % size
    return _extension(name, records) + _block(_ascii(name), kind, size if size < _LARGE else 0)


def padding(size: int) -> bytes:
    """What follows the content of a file of so many bytes."""
    return bytes(-size % _BLOCK)


def clean(path: bytes) -> bytes:
    """A path without what is superfluous in it, as Go does it: unlike Python's, never with two slashes in front."""
    return posixpath.normpath(b"/" + path.lstrip(b"/") if path.startswith(b"/") else path)


def join(*parts: bytes) -> bytes:
    """Paths one under the other, cleaned, as Go does it: one that begins with a slash does not begin anew."""
    given = [part for part in parts if part]
    return clean(b"/".join(given)) if given else b""


def _fits(name: bytes) -> bool:
    return _is_ascii(name) and len(name) <= _NAME


def _fields(name: bytes) -> tuple[bytes, bytes] | None:
    """A name in the two fields of a header, the folder first; None if it cannot be."""
    if _fits(name):
        return b"", name
    if not _is_ascii(name):
        return None
    end = _PREFIX + 1 if len(name) > _PREFIX + 1 else len(name) - name.endswith(b"/")
    cut = name.rfind(b"/", 0, end)
    return (name[:cut], name[cut + 1 :]) if cut > 0 and 0 < len(name) - cut - 1 <= _NAME else None


def _extension(name: bytes, records: dict[bytes, bytes]) -> bytes:
    data = b"".join(_record(key, value) for key, value in sorted(records.items()))
    folder, _, file = name.rpartition(b"/")
    place = _ascii(join(folder + b"/" if b"/" in name else b"", b"PaxHeaders.0", file))[:_NAME].rstrip(b"/")
    return _block(place, _EXTENDED, len(data)) + data + padding(len(data))


def _record(key: bytes, value: bytes) -> bytes:
    """A record begins with its own length, the digits of which count too."""
    rest = len(key) + len(value) + 3
    size = rest + len(str(rest))
    if len(str(size)) + rest != size:
        size = rest + len(str(size))
    return b"%d %s=%s\n" % (size, key, value)


def _block(name: bytes, kind: bytes, size: int, prefix: bytes = b"") -> bytes:
    extended = kind == _EXTENDED
    devices = bytes(16) if extended else b"0000000\0" * 2
    mode = 0 if extended else 0o600
    before = b"%s%07o\0" % (_text(name, _NAME), mode) + b"0000000\0" * 2 + b"%011o\0%011o\0" % (size, 0)
    after = kind + bytes(100) + b"ustar\x0000" + bytes(64) + devices + prefix.ljust(_BLOCK - 345, b"\0")
    return before + b"%06o\0 " % (sum(before) + sum(b" " * 8) + sum(after)) + after


def _text(text: bytes, width: int) -> bytes:
    """A field; one that is cut off must not end with a slash, or readers take it for a folder's."""
    field = text[:width].ljust(width, b"\0")
    if len(text) > width and field.endswith(b"/"):
        kept = len(field[:-1].rstrip(b"/"))
        field = field[:kept] + b"\0" + field[kept + 1 :]
    return field


def _is_ascii(text: bytes) -> bool:
    return text.isascii() and b"\0" not in text


def _ascii(text: bytes) -> bytes:
    return bytes(each for each in text if 0 < each < 0x80)

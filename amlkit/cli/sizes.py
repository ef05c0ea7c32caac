"""Sizes for people. Used by the commands that show files."""

from __future__ import annotations

_UNITS = ("B", "KB", "MB", "GB", "TB")
_THOUSAND = 1024


def human(size: float) -> str:
    """`512 B`, `1.5 KB`, `20.0 GB`."""
    for unit in _UNITS:
        if size < _THOUSAND or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _THOUSAND
    raise AssertionError(size)


def files(count: int) -> str:
    """`1 file`, `2,000 files`."""
    return f"{count:,} file{'' if count == 1 else 's'}"

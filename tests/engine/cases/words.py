"""Where the embedded engine says in its own words what the Pulumi CLI says in others: nothing that is told is lost.

`play.differences` translates what was recorded with this before it compares. A line of the CLI that the embedded engine
has no words for is left out here by name, never by a pattern that takes any line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_NO_NEWS = r"error: (update|preview) failed|error: Traceback \(most recent call last\):"
"""The CLI says the one after every failed step, the other also where no frame follows."""
TRANSLATED = (
    (_NO_NEWS, ""),
    (r"error: update failed: step application failed: .*", ""),
    # the program has said why
    (r"error: an unhandled error occurred: program exited with non-zero exit code: 1", ""),
    # a signal is -1 for Go
    (r"(error: an unhandled error occurred: program exited with non-zero exit code:) -1", r"\1 -9"),
    (r"error (\S+): Preview failed: (.*)", r"error \1: \2"),
    # protection
    (
        r'error (\S+): resource "(.*)" cannot be deleted',
        r"error \1: resource \2 cannot be deleted because it is protected",
    ),
    (r"error \S+: because it is protected\. To unprotect the resource, .*", ""),
    (r"error \S+: `pulumi state unprotect '.*'`", ""),
    (
        r'error (\S+): unable to replace resource "(.*)"',
        r"error \1: unable to replace resource \2 as it is currently marked for protection",
    ),
    (r"error \S+: as it is currently marked for protection\. To unprotect the resource, .*", ""),
    # a plugin that dies
    (r"error (\S+): error reading from server: EOF", r"error \1: plugin `toy` ended with exit code 3"),
    (r"error: Detected that .* exited prematurely\.", ""),
    (r"error: This is \*always\* a bug in the provider\. .*", ""),
    (r"error: To assist with debugging we have dumped the STDOUT and STDERR streams of the plugin:", ""),
    # a plugin that is not there
    (r"error default: no resource plugin '(.*)' found in .*", r"error b: the provider plugin `\1` is not installed"),
    (r'error: strconv\.Atoi: parsing "(.*)": invalid syntax', r"error: not of type `int`: \1"),
    # values that a provider refuses are not told: they may be secret
    (r"(error \S+: .*: property \S+) value \{.*\} (has a problem: .*)", r"\1 \2"),
    (r"(error: config value for '.*' looks like a secret); rerun with .*", r"\1"),
    # commands about stacks
    (r"(error: --yes or --skip-preview) or --preview-only (must be passed .*)", r"\1 \2"),
    (r"(error: no stack selected); please use `pulumi stack select` to choose one", r"\1"),
    (r"error: ('.*' still has resources; removal rejected)\. Possible actions:", r"error: \1"),
    (r"stderr: - (Make sure that|Run `pulumi destroy` to|Run `pulumi stack rm --force`) .*", ""),
    (r"error: 2 errors occurred:", ""),
    (r"stderr: \d\) (importing this file could be dangerous; .*)", r"stderr: \1"),
    (
        r"stderr: \d\) (state file contains errors): child resource (\S+) refers to missing parent (\S+)",
        r"error: \1: \2 refers to a resource that does not come before it: \3",
    ),
    (r"stderr: \d\) (resource '.*' is from a different stack .*)", r"error: \1"),
    (
        r"error: (getting stack configuration: get stack secrets manager|failed to decrypt): incorrect passphrase.*",
        "error: incorrect passphrase",
    ),
    (r"(stderr: file://.*\.json)\?no_tmp_dir=true: (.*)", r"\1: \2"),
)
"""A pattern of a whole line of the CLI's, and our words; none: we say it elsewhere, or not at all."""
ON_STDERR = (r"Stack '.*' has been removed!", r"The currently running update for '.*' has been canceled!")
"""What the CLI prints on standard output, and we on standard error: it is no data."""
MORE = (
    _NO_NEWS,
    r"[^:]*: hint: .*",
    r"(info|warning): stopping: .*",
    r"info: another update of this stack is under way: .*",
)
"""What we say more."""


def ours(step: dict[str, Any]) -> dict[str, Any]:
    """What was recorded of a step, in the words of the embedded engine."""
    printed = step.get("printed", [])
    lines = printed if isinstance(printed, list) else []
    moved = [line for line in lines if isinstance(line, str) and _fits(ON_STDERR, line)]
    messages = [*map(_translated, step.get("messages", [])), *(f"stderr: {line}" for line in moved)]
    told = {**step, "messages": sorted({line for line in messages if line})}
    if moved:
        told["printed"] = [line for line in lines if line not in moved]
    if "aside" in step:
        told["aside"] = [ours(each) for each in step["aside"]]
    return _filled(told)


def without_more(step: dict[str, Any]) -> dict[str, Any]:
    """What the embedded engine told, without what it tells more."""
    told = {**step, "messages": [line for line in step.get("messages", []) if not _fits(MORE, line)]}
    if "aside" in step:
        told["aside"] = [without_more(each) for each in step["aside"]]
    return _filled(told)


def unordered(step: dict[str, Any]) -> dict[str, Any]:
    """A step whose messages are in one order: two streams, and what happens at once, have none."""
    return {**step, "messages": sorted(step["messages"])} if "messages" in step else step


def _filled(step: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in step.items() if value not in ([], {}, "")}


def _fits(patterns: Iterable[str], line: str) -> bool:
    return any(re.fullmatch(pattern, line) for pattern in patterns)


def _translated(line: str) -> str:
    for pattern, words in TRANSLATED:
        found = re.fullmatch(pattern, line)
        if found:
            return found.expand(words)
    return line

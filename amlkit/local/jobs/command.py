"""A component's command line with its values: `${{inputs.x}}`, `${{outputs.x}}` and the optional `$[[…]]`.

The text goes to a shell, as in Azure ML. Values are quoted for the place they stand in (bare, in single or in double
quotes), so that no value can become shell code. Called by the runner, and at submit to find bindings that are wrong.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

BINDING = re.compile(r"\$\{\{\s*(inputs|outputs)\.([\w.-]+)\s*\}\}")
_ANY_BINDING = re.compile(r"\$\{\{(.*?)\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_SPECIAL_IN_DOUBLE = re.compile(r'([\\$`"])')


def bindings(text: str) -> frozenset[tuple[str, str]]:
    """All of them: `{("inputs", "features"), ("outputs", "model")}`."""
    return frozenset((match[1], match[2]) for match in BINDING.finditer(text))


def foreign_bindings(text: str) -> list[str]:
    """Bindings that no command may hold (`${{parent.…}}`, `${{search_space.…}}`), as written."""
    return [match[0] for match in _ANY_BINDING.finditer(text) if not BINDING.fullmatch(match[0])]


def optional_bindings(text: str) -> frozenset[tuple[str, str]]:
    """Those that stand inside `$[[…]]` only."""
    inside = frozenset().union(*(bindings(match[1]) for match in _OPTIONAL.finditer(text)))
    return inside - bindings(_OPTIONAL.sub("", text))


def render(text: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The line for `bash -c`. An optional part is left out when one of the inputs in it has no value."""
    values = {("inputs", name): value for name, value in inputs.items()}
    values |= {("outputs", name): value for name, value in outputs.items()}

    def part(match: re.Match[str]) -> str:
        return match[1] if bindings(match[1]) <= values.keys() else ""

    return _substitute(_OPTIONAL.sub(part, text), values)


def render_plain(text: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The text with the values as they are: for environment variables, which no shell reads."""
    values = {"inputs": inputs, "outputs": outputs}
    return BINDING.sub(lambda match: values[match[1]].get(match[2], ""), text)


def _substitute(text: str, values: Mapping[tuple[str, str], str]) -> str:
    done: list[str] = []
    quote, position = "", 0
    for match in BINDING.finditer(text):
        before = text[position : match.start()]
        quote = _quote_after(before, quote)
        done += [before, _quoted(values[(match[1], match[2])], quote)]
        position = match.end()
    return "".join([*done, text[position:]])


def _quoted(value: str, quote: str) -> str:
    if quote == "'":
        return value.replace("'", "'\\''")
    if quote == '"':
        return _SPECIAL_IN_DOUBLE.sub(r"\\\1", value)
    return shlex.quote(value)


def _quote_after(text: str, quote: str) -> str:
    """Which quote is open at the end of `text`, when `quote` was open at its start."""
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and quote != "'":
            position += 1
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        position += 1
    return quote

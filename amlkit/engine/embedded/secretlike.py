"""Does a setting look like a secret that somebody is about to store in plain text? `config set` asks.

As the Pulumi CLI does it: the key says so, and the value has the strength of a password. The CLI measures that with
long lists of words; here any run of letters that can be spoken counts as a word, so that less is taken for a secret,
and never what is made of words.
"""

from __future__ import annotations

import re
from math import log2

_KEY = re.compile(r"pass|pwd|secret|token", re.IGNORECASE)
_LOOKED_AT = 16
"""Characters of a value that count."""
_ENOUGH = 60.0
_ENOUGH_EACH = 3.0
"""Bits of the value, and on average of a character."""
_KNOWN = 7.0
"""Bits of a word or a sequence."""
_DIGIT, _NUMBER = 3.3, 20.0
"""Bits of a digit in a number, and of a number at most."""
_ALPHABETS = ((26, re.compile("[a-z]")), (26, re.compile("[A-Z]")), (10, re.compile("[0-9]")))
_SIGNS = (33, re.compile("[^a-zA-Z0-9]"))
_WORD = re.compile("[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_NUMERAL = re.compile(r"\d{4,}")
_UNSPOKEN = re.compile("[^aeiouy]{5}")


def looks_secret(key: str, value: str) -> bool:
    """`key` without its namespace."""
    text = value[:_LOOKED_AT]
    bits = _strength(text)
    return bool(_KEY.search(key)) and bits >= _ENOUGH and bits >= _ENOUGH_EACH * len(text)


def _strength(text: str) -> float:
    """Bits that somebody must guess who knows words, numbers and sequences."""
    found, place = 0.0, 0
    each = log2(sum(size for size, pattern in (*_ALPHABETS, _SIGNS) if pattern.search(text)) or 1)
    while place < len(text):
        if (word := _WORD.match(text, place)) and _is_spoken(word.group().lower()):
            found, place = found + _KNOWN, word.end()
        elif (end := _end_of_sequence(text, place)) - place >= 3:
            found, place = found + _KNOWN, end
        elif number := _NUMERAL.match(text, place):
            found, place = found + min(_NUMBER, _DIGIT * len(number.group())), number.end()
        else:
            found, place = found + each, place + 1
    return found


def _is_spoken(word: str) -> bool:
    vowels = sum(letter in "aeiouy" for letter in word)
    return len(word) >= 3 and 0 < vowels <= 0.75 * len(word) and not _UNSPOKEN.search(word)


def _end_of_sequence(text: str, start: int) -> int:
    """`abc`, `321` or `000`: where it ends."""
    end = start + 1
    while end < len(text) and abs(step := ord(text[end]) - ord(text[end - 1])) <= 1:
        if step != ord(text[start + 1]) - ord(text[start]):
            break
        end += 1
    return end

"""The table of `docs/engine.md`: what the cases prove, one row each."""

from __future__ import annotations

from pathlib import Path

from . import story
from .story import Case

DOCUMENT = Path(__file__).parents[3] / "docs/engine.md"
BEGIN, END = "<!-- cases: begin -->", "<!-- cases: end -->"


def write() -> None:
    """Put the table into the document."""
    DOCUMENT.write_text(replaced(DOCUMENT.read_text()))


def replaced(text: str) -> str:
    """The document with the table as it should be."""
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert mark, f"{DOCUMENT.name} lacks its marks"
    assert end, f"{DOCUMENT.name} lacks its marks"
    return f"{before}{BEGIN}\n{rendered()}\n{END}{after}"


def rendered() -> str:
    """The table, a row a case."""
    lines = ["| what | told in the case | embedded engine |", "| --- | --- | --- |"]
    for case in story.every():
        link = f"[{case.title}](../tests/engine/cases/{case.name}.case)"
        lines.append(f"| {case.covers} | {link} | {_status(case)} |")
    return "\n".join(lines)


def _status(case: Case) -> str:
    if case.refused:
        return f"refused: “… {case.refused} …”"
    return f"different: {case.differs}" if case.differs else "the same"

"""The blocks of the documentation that use the package run as they are, and print what they show.

A `python package` block of a Markdown page is run after those before it, with their variables, in a folder that holds
`recordings.csv.gz`. A `text` block that follows it is what it prints, where `...` stands for any text and a line of its own
for any lines.
"""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import HAXBY, ROOT

# Notes go to stderr, which the pages do not show.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

FENCED = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The tests of the command line see to it that no other page has such a block.
PAGES = [ROOT / "README.md", ROOT / "python/README.md", *sorted((ROOT / "docs").glob("*.md"))]


def examples(page: Path) -> list[tuple[str, str | None]]:
    """Return the programs of a page, each with the text that it prints if it is shown."""
    blocks = [*FENCED.findall(page.read_text()), ("", "")]
    return [
        (code, text if following == "text" else None)
        for (language, code), (following, text) in pairwise(blocks)
        if language == "python package"
    ]


def pattern(shown: str) -> str:
    """Return the expression for what is shown."""
    lines = shown.splitlines()
    return "".join(
        r"(?s:.*)" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"\n" for line in lines
    )


def check(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    variables: dict[str, Any] = {"__name__": "__main__"}
    for code, shown in examples(page):
        line = page.read_text()[: page.read_text().index(code)].count("\n")
        exec(compile("\n" * line + code, str(page), "exec"), variables)  # noqa: S102
        printed = capsys.readouterr().out
        assert shown is None or re.fullmatch(pattern(shown), printed), f"{page}:{line}: printed\n{printed}"


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.name)
def test_the_examples_of_a_page_run_and_print_what_they_show(page, tmp_path, monkeypatch, capsys) -> None:
    shutil.copy(HAXBY, tmp_path / "recordings.csv.gz")
    monkeypatch.chdir(tmp_path)
    check(page, capsys)


def test_no_block_is_left_out() -> None:
    marked = sum(page.read_text().count("```python package") for page in PAGES)
    assert marked == sum(len(examples(page)) for page in PAGES) and marked >= 5


@pytest.mark.parametrize(
    ("shown", "matches"),
    [("a 1.5\n", True), ("a ...\n", True), ("...\n", True), ("a 1.5\n...\n", True), ("a 1.6\n", False), ("a\n", False)],
)
def test_what_is_printed_is_compared(tmp_path, capsys, shown: str, matches: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        f"```python package\nvalue = 1.5\n```\n\n```python package\nprint('a', value)\n```\n\n```text\n{shown}```\n"
    )
    if matches:
        check(page, capsys)
    else:
        with pytest.raises(AssertionError, match=r"page\.md:5: printed"):
            check(page, capsys)

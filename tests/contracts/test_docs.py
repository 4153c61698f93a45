"""Files that a page names are there."""

import re
from pathlib import Path

import pytest

from libs.stack.run import PROJECT

PAGES = [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
FILE = re.compile(r"`((?:libs|services|tests|contracts|docs)/[\w/.-]+)`")
LINK = re.compile(r"\]\((?!http|#)([^)#]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_page_names_files_that_are_there(page: Path) -> None:
    text = page.read_text()
    named = [PROJECT / name for name in FILE.findall(text) if "<" not in name]
    assert [path for path in (*named, *(page.parent / link for link in LINK.findall(text))) if not path.exists()] == []

"""A word has one line in the glossary, and a class is named in words that are there, or that everybody knows."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from libs.stack.run import PROJECT

LINES = (PROJECT / "GLOSSARY.md").read_text().splitlines()
ROWS = [line.strip("| ").split(" | ") for line in LINES if line.startswith("| ")][1:]
ENDINGS = ("", "s", "es", "d", "ed", "er", "or", "ing", "al", "ation", "ment", "ness", "y", "ies", "able")
PLAIN = (PROJECT / "tests/contracts/plain_words.txt").read_text().split()
"""Plain English, or common in the trade: whoever adds a word here would find it in a dictionary, with this meaning."""


def words_of_classes() -> Iterator[str]:
    for path in (*PROJECT.glob("libs/**/*.py"), *PROJECT.glob("services/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                yield from (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", node.name))


def stems(word: str) -> set[str]:
    """What is left of a word without its ending, an e at the end left out."""
    cut = {start.removesuffix(ending) for start in (word, word.removeprefix("un")) for ending in ENDINGS}
    return {stem.removesuffix("e").removesuffix("i") for stem in cut if len(stem) > 2}


def explained() -> Iterator[str]:
    """The words of the glossary, and of its meanings; `re-subscription` as `resubscription` as well."""
    for row in ROWS:
        text = " ".join(row[:2]).lower()
        yield from re.findall(r"[a-z]+", f"{text} {text.replace('-', '')}")


def test_a_word_of_a_class_name_is_in_the_glossary_or_plain() -> None:
    known = {stem for word in (*explained(), *PLAIN) for stem in stems(word)}
    unknown = {word for word in words_of_classes() if len(word) > 2 and not stems(word) & known}
    assert unknown == set(), "explain them in GLOSSARY.md, or name the class in words that are there"
    assert not stems("brouhaha") & known


def test_a_word_has_one_line() -> None:
    words = Counter(word.strip() for row in ROWS for word in row[0].split(","))
    assert [word for word, lines in words.items() if lines > 1] == []
    assert len(words) > 100


def test_each_line_has_a_meaning_and_room_for_other_names() -> None:
    assert [row[0] for row in ROWS if len(row) not in {2, 3} or not row[1].strip()] == []

"""What a public function raises stands in its docstring; that of a command is its help, and says the exit code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from libs.stack.run import PROJECT

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST) -> Iterator[Function]:
    """The public functions and methods; what stands within another one is its own affair."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from functions(node)


def raised(function: Function) -> set[str]:
    """The names of the errors that it raises itself."""
    errors = (node.exc for node in ast.walk(function) if isinstance(node, ast.Raise) and node.exc)
    made = (error.func if isinstance(error, ast.Call) else error for error in errors)
    names = (getattr(one, "id", getattr(one, "attr", "")) for one in made)
    return {name for name in names if name[:1].isupper()}


def is_command(function: Function) -> bool:
    return "typer." in ast.unparse(function.args)


def silent(path: Path) -> Iterator[str]:
    for function in functions(ast.parse(path.read_text())):
        said = ast.get_docstring(function) or ""
        missing = sorted(name for name in raised(function) if name not in said)
        if missing and not is_command(function):
            yield f"{path.relative_to(PROJECT)}: {function.name} raises {', '.join(missing)}"


def test_what_a_public_function_raises_is_said() -> None:
    paths = [*PROJECT.glob("libs/**/*.py"), *PROJECT.glob("services/**/*.py")]
    assert [sentence for path in paths for sentence in silent(path)] == []

"""Commands that are imported when they are asked for: `olcare --help` imports none of them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


class LazyCommand(TyperCommand):
    """A command, or a group of them, that stands at `module:name`: a function, or a typer.Typer.

    What `--help` says of it stands here, so that it is not imported for that.
    """

    def __init__(self, name: str, at: str, words: str) -> None:
        super().__init__(name=name, callback=None, help=words)
        self._at = at

    @cached_property
    def itself(self) -> Any:
        """The command, imported."""
        module, _, name = self._at.partition(":")
        return _command(getattr(import_module(module), name))

    def make_context(self, *said: Any, **more: Any) -> Any:
        """Begin the command itself."""
        return self.itself.make_context(*said, **more)


def imported(command: Any) -> Any:
    """The command itself, where it is not imported yet."""
    return command.itself if isinstance(command, LazyCommand) else command


def _command(found: typer.Typer | Callable[..., None]) -> Any:
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False)
    alone.command()(found)
    return typer.main.get_command(alone)


def group_of(commands: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """A group of commands by their names, each with where it stands and what `--help` says of it."""

    class LazyGroup(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            for name, (at, words) in commands.items():
                self.add_command(LazyCommand(name, at, words))

    return LazyGroup

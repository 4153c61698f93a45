"""A lean decoder for an event, derived from its one definition.

pydantic checks what we write; what the log holds was checked then, so reading needs types, not rules. msgspec decodes
the fields' plain types at a third of the cost, and the model's instance is put together from them without validation.
"""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NotRequired, TypedDict, TypeVar, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)


def lean_decoder(model: type[M]) -> Callable[[bytes | msgspec.Raw], M]:
    """Give a decoder of JSON into the model; raises msgspec.ValidationError or msgspec.DecodeError."""
    decoder = msgspec.json.Decoder(_shape(model), dec_hook=_nested)
    build = _builder(model)
    return lambda data: build(decoder.decode(data))


def _plain(annotation: Any) -> Any:
    """Strip pydantic's constraints: what is left is the Python type."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_plain(a) for a in get_args(annotation))]  # noqa: UP007 - it is computed
    if origin in (tuple, list, dict, frozenset):
        return origin[tuple(a if a is ... else _plain(a) for a in get_args(annotation))]
    if origin is Mapping or getattr(origin, "__name__", "") == "Mapping":
        return dict[tuple(_plain(a) for a in get_args(annotation))]  # type: ignore[misc] # it is computed
    return annotation


@cache
def _shape(model: type[BaseModel]) -> Any:
    """Derive a TypedDict; pydantic itself knows what is required."""
    fields = {
        name: _plain(info.annotation) if info.is_required() else NotRequired[_plain(info.annotation)]
        for name, info in model.model_fields.items()
    }
    return TypedDict(model.__name__, fields)  # type: ignore[operator] # the functional form with computed fields


@cache
def _builder(model: type[M]) -> Callable[[dict[str, Any]], M]:
    defaults = {
        n: f.get_default(call_default_factory=True) for n, f in model.model_fields.items() if not f.is_required()
    }
    every, fields = len(model.model_fields), set(model.model_fields)
    new, put = model.__new__, object.__setattr__

    def build(values: dict[str, Any]) -> M:
        made = new(model)
        put(made, "__dict__", values if len(values) == every else {**defaults, **values})
        put(made, "__pydantic_fields_set__", fields)
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made

    return build


def _nested(kind: type, value: Any) -> Any:
    """Build the models within a model; msgspec asks here for each type that it does not know."""
    if issubclass(kind, BaseModel):
        return _builder(kind)(msgspec.convert(value, _shape(kind), dec_hook=_nested, builtin_types=()))
    raise NotImplementedError(kind)

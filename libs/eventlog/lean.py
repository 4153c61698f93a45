"""A lean decoder for an event, derived from its one definition.

pydantic checks what we write; what the log holds was checked then, so reading needs types, not rules. msgspec decodes
the plain types of the whole event at once, and the models' instances are put together from them without validation.
"""

import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NotRequired, TypedDict, TypeVar, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
Build = Callable[[Any], Any]

_SLOTS = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_set_content, _set_fields, _set_extra, _set_private = (BaseModel.__dict__[slot].__set__ for slot in _SLOTS)


def lean_decoder(model: type[M]) -> Callable[[bytes | msgspec.Raw], M]:
    """Give a decoder of JSON into the model; raises msgspec.ValidationError or msgspec.DecodeError."""
    decode, build = msgspec.json.Decoder(_shape(model)).decode, _builder(model)
    return lambda data: build(decode(data))


def _shape(annotation: Any) -> Any:
    """Strip pydantic off: what is left are plain types, and a TypedDict for each model."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(inner[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_shape(a) for a in inner)]  # noqa: UP007 - it is computed
    if origin in (tuple, list, dict, frozenset, Mapping):
        return origin[tuple(a if a is ... else _shape(a) for a in inner)]
    return _fields(annotation) if _is_model(annotation) else annotation


@cache
def _fields(model: type[BaseModel]) -> Any:
    """Derive a TypedDict; pydantic itself knows what is required."""
    fields = {
        name: _shape(info.annotation) if info.is_required() else NotRequired[_shape(info.annotation)]
        for name, info in model.model_fields.items()
    }
    return TypedDict(model.__name__, fields)  # type: ignore[operator] # the functional form with computed fields


def _build(annotation: Any) -> Build | None:
    """Say how a decoded value becomes what the model holds; None where it is that already."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _build(inner[0])
    if _is_model(annotation):
        return _builder(annotation)
    parts = [part for a in inner if (part := _build(a))]
    if not parts:
        return None
    if origin in (Union, types.UnionType) and {*inner} == {inner[0], types.NoneType}:
        return lambda value: None if value is None else parts[0](value)
    if origin is tuple and inner[1:] == (...,):
        return lambda value: tuple(map(parts[0], value))
    if origin is Mapping:
        return lambda value: {key: parts[0](content) for key, content in value.items()}
    raise TypeError(f"{annotation}: a model stands in an event alone, optional, or as what a tuple or a mapping holds")


@cache
def _builder(model: type[M]) -> Callable[[dict[str, Any]], M]:
    defaults = {
        n: f.get_default(call_default_factory=True) for n, f in model.model_fields.items() if not f.is_required()
    }
    nested = [(n, part) for n, f in model.model_fields.items() if (part := _build(f.annotation))]
    every, fields = len(model.model_fields), set(model.model_fields)
    new = model.__new__

    def build(values: dict[str, Any]) -> M:
        for name, part in nested:
            if name in values:
                values[name] = part(values[name])
        made = new(model)
        _set_content(made, values if len(values) == every else {**defaults, **values})
        _set_fields(made, fields)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    return build


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

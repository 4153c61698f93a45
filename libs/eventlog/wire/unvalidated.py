"""Decoders without validation for an event, or the state of a stream, derived from its one definition; an encoder.

pydantic checks what we write; what the log and our tables hold was checked then, so reading needs types, not rules.
msgspec decodes the plain types of the whole at once, and the instances of models and dataclasses are put together from
them without validation.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, NotRequired, TypedDict, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from pydantic import BaseModel

from libs.messages.base import INT64

M = TypeVar("M")
Build = Callable[[Any], Any]

_LEAVES: dict[Any, Any] = {
    datetime: Annotated[datetime, msgspec.Meta(tz=True)],
    int: Annotated[int, msgspec.Meta(ge=-INT64 - 1, le=INT64)],
}
"""What a fold can not reckon with, or no column holds, is refused even here: naive instants, numbers of 65 bits."""
_SLOTS = ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
_set_content, _set_fields, _set_extra, _set_private = (BaseModel.__dict__[slot].__set__ for slot in _SLOTS)


def decoder_without_validation(model: type[M]) -> Callable[[bytes | str | msgspec.Raw], M]:
    """A decoder of JSON into the model; raises msgspec.ValidationError or msgspec.DecodeError."""
    known: Any = model
    decode, build = msgspec.json.Decoder(_shape(known)).decode, _builder(known)
    return lambda data: build(decode(data))


def encoder_without_validation() -> Callable[[Any], bytes]:
    """An encoder of dataclasses, and the models in them, as JSON, each field in its order; raises TypeError."""
    return msgspec.json.Encoder(enc_hook=_fields_of_model).encode


def _fields_of_model(value: Any) -> dict[str, Any]:
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError(f"{type(value)} stands in no state")


class _Tagged(msgspec.Struct):
    state: str


def state_decoder_without_validation(states: Any) -> Callable[[bytes], Any]:
    """A decoder of JSON into one of several dataclasses, chosen by the field `state`.

    Raises TypeError where one has no such literal, or holds a union of models.
    """
    decoders = {
        tag: decoder_without_validation(state) for state in get_args(states) or (states,) for tag in _tags(state)
    }
    tag = msgspec.json.Decoder(_Tagged).decode
    return lambda data: decoders[tag(data).state](data)


def _tags(state: Any) -> tuple[str, ...]:
    hint = get_type_hints(state).get("state")
    if get_origin(hint) is not Literal:
        raise TypeError(f"{state} has no `state` by which it is known")
    return get_args(hint)


def _shape(annotation: Any) -> Any:
    """Strip pydantic off: what is left are plain types, and a TypedDict for each model."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(inner[0])
    if origin in (Union, types.UnionType):
        return Union[tuple(_shape(a) for a in inner)]  # noqa: UP007 - it is computed
    if origin in (tuple, list, dict, frozenset, Mapping):
        return origin[tuple(a if a is ... else _shape(a) for a in inner)]
    return _fields(annotation) if _is_model(annotation) else _LEAVES.get(annotation, annotation)


@cache
def _fields(model: Any) -> Any:
    """Derive a TypedDict in which fields with a default are not required."""
    defaults = _defaults(model)
    shapes = {
        name: NotRequired[_shape(hint)] if name in defaults else _shape(hint) for name, hint in _hints(model).items()
    }
    return TypedDict(model.__name__, shapes)  # type: ignore[operator] # the functional form with computed fields


def _hints(model: Any) -> Mapping[str, Any]:
    if issubclass(model, BaseModel):
        return {name: info.annotation for name, info in model.model_fields.items()}
    hints = get_type_hints(model, include_extras=True)
    return {field.name: hints[field.name] for field in fields(model)}


def _defaults(model: Any) -> Mapping[str, Any]:
    """The defaults, all of which are immutable."""
    if issubclass(model, BaseModel):
        known = model.model_fields.items()
        return {n: f.get_default(call_default_factory=True) for n, f in known if not f.is_required()}
    return {field.name: field.default for field in fields(model) if field.default is not MISSING}


def _build(annotation: Any) -> Build | None:
    """The function from a decoded value to what the model holds; None where they are the same."""
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
def _builder(model: Any) -> Build:
    defaults, hints = _defaults(model), _hints(model)
    nested = [(name, part) for name, hint in hints.items() if (part := _build(hint))]
    every, make = len(hints), _made(model)
    order = {name: defaults.get(name) for name in hints}
    """All fields as they are declared: what is written again has the same text, and so the same id."""

    def build(values: dict[str, Any]) -> Any:
        for name, part in nested:
            if name in values:
                values[name] = part(values[name])
        return make(values if len(values) == every else {**order, **values})

    return build


def _made(model: Any) -> Build:
    """The function that makes an instance from all its fields."""
    new = model.__new__
    names = set(_hints(model))

    def value(content: dict[str, Any]) -> Any:
        made = new(model)
        made.__dict__.update(content)
        return made

    def event(content: dict[str, Any]) -> Any:
        made = new(model)
        _set_content(made, content)
        _set_fields(made, names)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    return event if issubclass(model, BaseModel) else value


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and (issubclass(annotation, BaseModel) or is_dataclass(annotation))

"""What a plugin offers and what a Python SDK expects, both as flat lists of facts that can be compared.

A fact is a line such as ``resource docker:index/container:Container input image: string, required``.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import sys
import typing
from collections.abc import Awaitable, Iterator
from types import ModuleType
from typing import Any

import pulumi
from pulumi import _types as sdk_types  # the SDK's own reading of its generated classes

SCALARS = {str: "string", bool: "boolean", int: "integer", float: "number", typing.Any: "any"}
# In Python, an asset may be given as an archive too.
BUILT_IN = {"Any": "any", "Json": "any", "Asset": "Archive|Asset", "Archive": "Archive"}


def of_schema(schema: dict[str, Any]) -> set[str]:
    """The facts of a plugin's schema."""
    return set(_Schema(schema).facts())


def of_sdk(package: str) -> set[str]:
    """The facts of an installed Python SDK, such as ``pulumi_docker``."""
    return set(_Sdk(package).facts())


class _Schema:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self.seen: set[tuple[str, str]] = set()

    def facts(self) -> Iterator[str]:
        for token, resource in self.schema.get("resources", {}).items():
            yield f"resource {token}"
            yield from self._inputs(f"resource {token}", resource)
            yield from self._properties(f"resource {token}", "output", resource.get("properties", {}))
        for token, function in self.schema.get("functions", {}).items():
            if token.startswith("pulumi:"):
                continue  # methods of the provider itself, which the bridge adds to every plugin
            yield f"function {token}"
            inputs = function.get("inputs", {})
            for name in inputs.get("properties", {}):
                yield f"function {token} argument {name}"
            for name in function.get("outputs", {}).get("properties", {}):
                yield f"function {token} result {name}"
        yield from self._inputs("provider", self.schema.get("provider", {}))

    def _inputs(self, where: str, resource: dict[str, Any]) -> Iterator[str]:
        required = resource.get("requiredInputs", [])
        yield from self._properties(where, "input", resource.get("inputProperties", {}), required)

    def _properties(self, where: str, kind: str, properties: dict, required: list[str] | None = None) -> Iterator[str]:
        for name, spec in properties.items():
            # What has a default is the SDK's to fill in.
            needed = name in (required or []) and not {"default", "defaultInfo"} & spec.keys()
            yield f"{where} {kind} {name}: {self._type(spec)}" + (", required" if needed else "")
            yield from self._nested(kind, spec)

    def _nested(self, kind: str, spec: dict[str, Any]) -> Iterator[str]:
        for inner in (spec.get("items"), spec.get("additionalProperties"), *spec.get("oneOf", [])):
            if isinstance(inner, dict):
                yield from self._nested(kind, inner)
        token = _token(spec)
        if token is None or (token, kind) in self.seen:
            return
        self.seen.add((token, kind))
        definition, name = self.schema["types"][token], token.rsplit(":", 1)[1]
        if "enum" in definition:
            for value in definition["enum"]:
                yield f"enum {name} value {value['value']}"
            return
        required = definition.get("required", []) if kind == "input" else []
        yield from self._properties(f"type {name}", kind, definition.get("properties", {}), required)

    def _type(self, spec: dict[str, Any]) -> str:
        if "oneOf" in spec:
            return "|".join(sorted({self._type(one) for one in spec["oneOf"]}))
        if token := _token(spec):
            return token.rsplit(":", 1)[1]
        if reference := spec.get("$ref"):
            return BUILT_IN[reference.removeprefix("pulumi.json#/")]
        if spec["type"] == "array":
            return f"list of {self._type(spec['items'])}"
        if spec["type"] == "object":
            return f"map of {self._type(spec.get('additionalProperties', {'type': 'string'}))}"
        return spec["type"]


def _token(spec: dict[str, Any]) -> str | None:
    """The package's own type that a property refers to."""
    _, own, token = spec.get("$ref", "").partition("#/types/")
    return token.replace("%2F", "/") if own else None


class _Sdk:
    def __init__(self, package: str) -> None:
        self.package = package
        self.seen: set[tuple[type, str]] = set()

    def facts(self) -> Iterator[str]:
        for module in self._modules():
            for item in vars(module).values():
                if inspect.isclass(item) and issubclass(item, pulumi.ProviderResource):
                    continue  # it has no token of its own; its arguments come last
                if inspect.isclass(item) and issubclass(item, pulumi.CustomResource):
                    yield from self._resource(item)
                elif inspect.isfunction(item) and item.__module__.startswith(self.package):
                    yield from self._function(item)
        provider = importlib.import_module(f"{self.package}.provider")
        yield from self._class("provider", "input", provider.ProviderArgs)

    def _modules(self) -> list[ModuleType]:
        """The package, and its submodules with resources of their own."""
        root = importlib.import_module(self.package)
        modules = [root, *(getattr(root, name) for name in ("local", "remote") if hasattr(root, name))]
        for module in modules:
            getattr(module, "Command", None)  # a submodule is empty until something is asked of it
        return modules

    def _resource(self, resource: type) -> Iterator[str]:
        token = re.search(r"super\([^)]*\).__init__\(\s*'([^']+)'", inspect.getsource(resource))[1]
        yield f"resource {token}"
        home = sys.modules[resource.__module__]
        names = (f"{resource.__name__}Args", f"{resource.__name__}InitArgs")
        arguments = next(getattr(home, name) for name in names if hasattr(home, name))
        yield from self._class(f"resource {token}", "input", arguments)
        for name, annotation in sdk_types.resource_types(resource).items():
            yield f"resource {token} output {name}: {_python_type(annotation)}"
            yield from self._nested("output", annotation)

    def _class(self, where: str, kind: str, cls: type) -> Iterator[str]:
        if kind == "output":
            annotations, required = sdk_types.output_type_types(cls), set()
        else:
            annotations, required = sdk_types.input_type_types(cls), _required(cls)
        for name, annotation in annotations.items():
            yield f"{where} {kind} {name}: {_python_type(annotation)}" + (", required" if name in required else "")
            yield from self._nested(kind, annotation)

    def _nested(self, kind: str, annotation: Any) -> Iterator[str]:
        annotation = sdk_types.unwrap_type(annotation)
        for inner in typing.get_args(annotation):
            yield from self._nested(kind, inner)
        own = inspect.isclass(annotation) and annotation.__module__.startswith(self.package)
        if not own or _is_dictionary(annotation) or (annotation, kind) in self.seen:
            return
        self.seen.add((annotation, kind))
        if issubclass(annotation, enum.Enum):
            for value in annotation:
                yield f"enum {annotation.__name__} value {value.value}"
            return
        yield from self._class(f"type {_python_type(annotation)}", kind, annotation)

    def _function(self, function: typing.Callable) -> Iterator[str]:
        source = inspect.getsource(function)
        token = re.search(r"invoke\('([^']+)'", source)
        if token is None or function.__name__.endswith("_output"):
            return
        yield f"function {token[1]}"
        for name in re.findall(r"__args__\['([^']+)'\]", source):
            yield f"function {token[1]} argument {name}"
        # The annotation is the class that can be awaited; the one that it extends holds the properties.
        result = inspect.signature(function, eval_str=True).return_annotation.__mro__[1]
        for name in sdk_types.output_type_types(result):
            yield f"function {token[1]} result {name}"


def _required(cls: type) -> set[str]:
    names = sdk_types.input_type_py_to_pulumi_names(cls)
    parameters = inspect.signature(cls.__init__).parameters
    return {names[n] for n, p in parameters.items() if n in names and p.default is inspect.Parameter.empty}


def _is_dictionary(annotation: Any) -> bool:
    """Whether it is the typed dictionary that may be given instead of an arguments class."""
    return inspect.isclass(annotation) and annotation.__name__.endswith("ArgsDict")


def _python_type(annotation: Any) -> str:
    annotation = sdk_types.unwrap_type(annotation)
    if annotation in SCALARS:
        return SCALARS[annotation]
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union:
        ways = (type(None), Awaitable, pulumi.Output)  # of giving a value later or not at all
        kinds = (kind for kind in inner if (typing.get_origin(kind) or kind) not in ways and not _is_dictionary(kind))
        return "|".join(sorted({_python_type(kind) for kind in kinds}))
    if origin is not None and issubclass(origin, typing.Mapping):
        return f"map of {_python_type(inner[1])}"
    if origin is not None and issubclass(origin, typing.Sequence):
        return f"list of {_python_type(inner[0])}"
    return re.sub(r"Args$", "", annotation.__name__)

"""Every public name says in its docstring what it takes and returns."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import neural_vault
import neural_vault.ray


def public() -> Iterator[tuple[str, Any]]:
    """Yield the package's public modules, classes, functions, methods and properties, each with its name."""
    modules: list[ModuleType] = [neural_vault, neural_vault.metrics, neural_vault.ray]
    for module in modules:
        yield module.__name__, module
        # What is imported lazily is not in `__all__`, so that `import *` needs NumPy alone.
        for name in [name for name in dir(module) if not name.startswith("_")]:
            thing = getattr(module, name)
            if getattr(thing, "__module__", "").startswith("neural_vault"):
                yield f"{module.__name__}.{name}", thing
                yield from members(f"{module.__name__}.{name}", thing)


def members(name: str, thing: Any) -> Iterator[tuple[str, Any]]:
    """Yield the public members that a class of the package has of its own."""
    for of in inspect.getmro(thing) if inspect.isclass(thing) else ():
        for member, value in vars(of).items() if of.__module__.startswith("neural_vault") else ():
            described = isinstance(value, property) or (callable(value) or isinstance(value, classmethod))
            # Names that refuse what a base class does stand for a function of another name.
            if described and not member.startswith("_") and getattr(value, "__name__", member) == member:
                yield f"{name}.{member}", value if isinstance(value, property) else getattr(thing, member)


def sections(docstring: str) -> dict[str, str]:
    """Return the text of each section of a docstring in numpydoc's format."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def faults(thing: Any) -> Iterator[str]:
    """Yield what a docstring lacks."""
    docstring = inspect.getdoc(thing)
    if not docstring:
        yield "no docstring"
        return
    if isinstance(thing, (property, ModuleType)) or "arameters are those of" in docstring:
        return
    found = sections(docstring)
    signature = inspect.signature(thing)
    listed = found.get("Parameters", "") + (found.get("Attributes", "") if inspect.isclass(thing) else "")
    lines = re.findall(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :|$)", listed, re.MULTILINE)
    documented = {name for line in lines for name in line.replace("*", "").split(", ")}
    # A class that is made by `load` and its like takes an object of the native module.
    missing = {name for name in signature.parameters if name not in ("self", "native")} - documented
    if missing and "native" not in signature.parameters:
        yield f"does not document {sorted(missing)}"
    returned = signature.return_annotation
    says = "Returns" in found or docstring.startswith("Return ")
    is_made = inspect.isclass(thing) or inspect.ismethod(thing)  # a class method makes one of the class
    if not says and not is_made and returned not in (None, "None", "NoReturn"):
        yield f"does not say what it returns, {returned}"


def test_every_public_name_is_documented() -> None:
    described = dict(public())
    assert len(described) > 60
    found = {name: list(faults(thing)) for name, thing in described.items()}
    assert {name: lacks for name, lacks in found.items() if lacks} == {}


def test_what_is_not_documented_is_found() -> None:
    def silent() -> None: ...

    def takes(first: int, second: int) -> None:
        """Take numbers.

        Parameters
        ----------
        first : int
            A number.
        """

    def returns() -> int:
        """Count."""
        return 1

    assert [list(faults(thing)) for thing in (silent, takes, returns)] == [
        ["no docstring"],
        ["does not document ['second']"],
        ["does not say what it returns, int"],
    ]

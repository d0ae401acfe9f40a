"""Gathered pieces as one source: a section for each file, each line as it is in its file."""

from collections.abc import Iterator

from tools.programs.gather import Gathering, Reference
from tools.programs.module import Imported, Module
from tools.programs.resolve import Definition
from tools.programs.sources import Sources
from tools.programs.units import Unit

_FUTURE = "from __future__ import annotations\n"


def written(gathering: Gathering, sources: Sources, first: Module) -> str:
    """The source. What a section uses stands above it, as far as files do not use one another.

    Args:
        gathering: the pieces.
        sources: where they are from.
        first: the file from which everything began; its section is the last.
    """
    modules = {unit.module.path: unit.module for unit in gathering.units.values()}
    modules.setdefault(first.path, first)
    writer = _Writer(gathering, sources)
    order = _ordered(gathering, modules, first.path)
    sections = [section for path in order if (section := writer.section(modules[path]))]
    future = any(module.future for module in modules.values())
    return "\n".join([_FUTURE, *sections] if future and sections else sections)


class _Writer:
    """Writes sections.

    Args:
        gathering: the pieces.
        sources: where they are from.
    """

    def __init__(self, gathering: Gathering, sources: Sources) -> None:
        self._gathering = gathering
        self._sources = sources
        self._ambiguous = gathering.ambiguous()

    def section(self, module: Module) -> str:
        """A file's name, the imports that are used, and its pieces in their order."""
        references = self._gathering.references.get(module.path, {})
        imports = sorted(filter(None, (self._import(module, each) for each in references.values())))
        units = [each for each in self._gathering.units.values() if each.module is module]
        if not units and not imports:
            return ""
        head = "".join([f"# {_one_line(module.path)}\n", *imports])
        return head + ("\n" if imports and units else "") + _body(module, units)

    def _import(self, module: Module, reference: Reference) -> str:
        """The lines that make a name known; empty where there is no need of any."""
        name, found, imported = reference.name, reference.found, reference.imported
        if name in module.typing_only:
            return ""
        if isinstance(found, Definition):
            elsewhere = found.module is not module and name in self._ambiguous
            if self._gathering.has(found) and found.name == name and not elsewhere:
                return ""
            source, taken = self._sources.dotted(found.module.path), found.name
        elif imported is None:
            return ""
        elif imported.name is None:
            whole = module.submodules.get(name) if imported.module == name else None
            if whole:
                return "".join(f"import {each}\n" for each in sorted(whole))
            source, taken = imported.module, ""
        else:
            source, taken = self._absolute(module, imported), imported.name
        return _import_line(source, taken, name)

    def _absolute(self, module: Module, imported: Imported) -> str:
        if not imported.level:
            return imported.module
        package = self._sources.dotted(module.path).split(".")
        drop = imported.level - module.is_package
        parts = package[: len(package) - drop] if drop > 0 else package
        return ".".join([*parts, *filter(None, [imported.module])])


def _import_line(source: str, taken: str, name: str) -> str:
    if not source:
        return ""
    alias = "" if name == (taken or source) else f" as {name}"
    return f"from {source} import {taken}{alias}\n" if taken else f"import {source}{alias}\n"


def _body(module: Module, units: list[Unit]) -> str:
    """The lines of the pieces in their order, with an empty one before a piece after a gap."""
    chosen = sorted({number for unit in units for number in unit.lines})
    begins = {min(unit.lines) for unit in units}
    fillers = {unit.filler for unit in units if _is_bare(unit, units)}
    parts: list[str] = []
    last = chosen[0] - 1 if chosen else 0
    for number in chosen:
        if number > last + 1 and number in begins:
            parts.append("\n")
        parts.append(module.lines[number - 1] + "\n")
        if number in fillers:
            parts.append("    pass\n")
        last = number
    return "".join(parts)


def _is_bare(unit: Unit, units: list[Unit]) -> bool:
    """Whether nothing of a class is shown but its head."""
    mine = {method.name for _, method in unit.methods}
    return bool(unit.filler) and not any(each.name in mine for each in units)


def _ordered(gathering: Gathering, modules: dict[str, Module], first: str) -> Iterator[str]:
    """The files, each after those that it uses where that can be."""
    uses = {
        path: [
            each.found.module.path
            for each in references.values()
            if isinstance(each.found, Definition)
        ]
        for path, references in gathering.references.items()
    }
    seen: set[str] = set()
    begins = [first, *reversed([path for path in modules if path != first])]
    order: list[str] = []
    for begin in begins:
        stack = [(begin, False)]
        while stack:
            path, done = stack.pop()
            if done:
                order.append(path)
            elif path not in seen:
                seen.add(path)
                stack.append((path, True))
                stack += [(other, False) for other in reversed(uses.get(path, []))]
    ordered = [path for path in order if path in modules and path != first]
    yield from (*ordered, first)


def _one_line(text: str) -> str:
    return " ".join(text.split())

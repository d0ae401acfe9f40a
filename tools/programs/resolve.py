"""What a name means: which definition of the repository, found through imports alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.programs.module import Imported, Module
from tools.programs.sources import Sources

_FAR = 12
"""Imports that are followed from a name to its definition."""


@dataclass(frozen=True, slots=True)
class Definition:
    """Something that a file of the repository defines at its top level.

    Attributes:
        module: the file.
        name: as it is defined there.
    """

    module: Module
    name: str

    @property
    def key(self) -> str:
        """Its name for people, and for telling it from others."""
        return f"{self.module.path}::{self.name}"


Found = Definition | Module


class Resolver:
    """Follows names.

    Args:
        sources: the repository's.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    async def name(
        self,
        module: Module,
        name: str,
        inner: Mapping[str, Imported] | None = None,
        far: int = _FAR,
    ) -> Found | None:
        """What a name in a module means; None where the repository does not define it.

        Args:
            module: where it stands.
            name: itself.
            inner: imports nearer to it than the module's own.
            far: how many imports may be followed.
        """
        if far < 0:
            return None
        if inner and name in inner:
            return await self._imported(module, inner[name], far)
        if name in module.definitions:
            return Definition(module, name)
        if name in module.imports:
            return await self._imported(module, module.imports[name], far)
        for star in module.stars:
            source = await self._sources.module(module, star)
            if source and (found := await self.name(source, name, far=far - 1)):
                return found
        return None

    async def chain(
        self, module: Module, names: Sequence[str], inner: Mapping[str, Imported] | None = None
    ) -> Found | None:
        """What ``a.b.c`` means, as far as its beginning is modules: the rest is attributes."""
        found = await self.name(module, names[0], inner)
        for name in names[1:]:
            if not isinstance(found, Module):
                break
            found = await self._member(found, name, _FAR)
        return found

    async def _imported(self, module: Module, imported: Imported, far: int) -> Found | None:
        source = await self._sources.module(module, imported)
        if source is None or imported.name is None:
            return source
        return await self._member(source, imported.name, far)

    async def _member(self, module: Module, name: str, far: int) -> Found | None:
        found = await self.name(module, name, far=far - 1)
        return found or await self._sources.submodule(module, name)

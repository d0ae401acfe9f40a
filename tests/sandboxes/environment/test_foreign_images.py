"""Images of the user's own: taken as they are, and what one lacks is named."""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandboxes.engine import Engine
from sandboxes.environment import store
from sandboxes.environment.detect import EnvironmentSettings
from sandboxes.errors import UnsuitableImage
from tests.sandboxes.environment.builds import SETUP, Place, building

pytestmark = [pytest.mark.engine, pytest.mark.network]


async def test_an_image_of_the_users_own(place: Place, base_image: str) -> None:
    name = f"foretrace-test-{uuid.uuid4().hex[:8]}"
    place.engine.client.images.get(base_image).tag(name, "mine")
    try:
        settings = EnvironmentSettings(image=f"{name}:mine", test="x {tests}")
        made = await place.build(place.checkout({"setup.py": SETUP, "a/b.py": "1\n"}), settings)
        assert (made.environment, made.test_command) == (base_image, "x {tests}")
        script = "git status --porcelain; git log --oneline | wc -l; ls -a; touch a/new"
        assert (await place.look(made.id, script)).split() == [
            "1",
            ".",
            "..",
            ".git",
            "a",
            "setup.py",
        ]
        assert (
            await place.build(place.checkout({"setup.py": SETUP, "a/b.py": "1\n"}), settings)
        ).cached
    finally:
        await store.prune_images(place.engine, name=place.name)
        # Forced, as others may use what the name stands for; the name alone goes.
        place.engine.client.api.remove_image(f"{name}:mine", noprune=True, force=True)


@pytest.fixture
def empty_image(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """An image with nothing in it."""
    import tarfile

    archive = tmp_path / "empty.tar"
    (tmp_path / "note").write_text("nothing else")
    with tarfile.open(archive, "w") as tar:
        tar.add(tmp_path / "note", "note")
    name = f"foretrace-test-{uuid.uuid4().hex[:8]}"
    engine.client.api.import_image_from_file(str(archive), repository=name, tag="empty")
    yield f"{name}:empty"
    engine.client.api.remove_image(f"{name}:empty")


@asynccontextmanager
async def altered(engine: Engine, image: str, script: str) -> AsyncIterator[str]:
    """An image after a script of root's."""
    api, labels = engine.client.api, engine.owner_labels("test", scratch=True)
    command = ["/usr/bin/python3", "-c", f"import os; os.system({script!r})"]
    container = api.create_container(
        image, command, user="0:0", entrypoint=[""], working_dir="/", labels=labels
    )["Id"]
    engine.keep_track(container=container)
    api.start(container)
    api.wait(container)
    made = str(api.commit(container, conf={"Labels": labels})["Id"])
    engine.keep_track(image=made)
    await engine.remove_container(container)
    try:
        yield made
    finally:
        await engine.remove_image(made)


@pytest.mark.parametrize(
    ("script", "lacks"),
    [
        ("rm /bin/bash", "lacks bash"),
        ("rm $(command -v git)", "lacks git"),
        ("rm $(command -v timeout) $(command -v git)", "lacks git, timeout"),
        ("rm -rf /opt/env; rm $(command -v python3) /usr/bin/python3*", "lacks Python"),
        # It ends at once; what comes of a command depends on whether it was quicker.
        ("rm /bin/sleep", "(does not run|lacks bash)"),
    ],
)
async def test_what_an_image_lacks_is_named(
    place: Place, base_image: str, script: str, lacks: str
) -> None:
    checkout = place.checkout({"thing.py": ""})
    async with altered(place.engine, base_image, script) as image:
        with pytest.raises(UnsuitableImage) as raised:
            await place.build(checkout, EnvironmentSettings(image=image))
    assert re.search(rf" {lacks}$", raised.value.message)
    assert "bash" in raised.value.hint
    assert building(place.engine) == []


async def test_an_image_whose_python_has_another_name(place: Place, base_image: str) -> None:
    """Test commands begin with ``python``, and Debian's own is called ``python3`` alone."""
    checkout = place.checkout({"thing.py": ""})
    async with altered(place.engine, base_image, "rm -rf /opt/env") as image:
        made = await place.build(checkout, EnvironmentSettings(image=image))
        assert await place.look(made.id, "python -c 'print(1)'") == "1\n"
        await store.prune_images(place.engine, name=place.name)


async def test_unsuitable_images(place: Place, empty_image: str) -> None:
    checkout = place.checkout({"thing.py": ""})
    with pytest.raises(UnsuitableImage) as raised:
        await place.build(checkout, EnvironmentSettings(image=empty_image))
    assert empty_image in raised.value.message
    with pytest.raises(UnsuitableImage, match="there is no image"):
        await place.build(checkout, EnvironmentSettings(image="foretrace-no-such/image:1"))
    assert building(place.engine) == []

import pytest
from PIL import Image

from local.gallery.photographs import PHOTOGRAPHS, Photograph, PhotographMissingError
from local.gallery.topics import TOPICS


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_is_installed_large_enough_and_has_its_credits(name: str) -> None:
    photograph = PHOTOGRAPHS[name]
    with Image.open(photograph.path) as image:
        assert min(image.size) >= 300
    assert photograph.author
    assert photograph.origin.startswith("https://")


def test_each_hangs_under_one_topic() -> None:
    used = [name for topic in TOPICS.values() for name in topic.photographs]
    assert sorted(used) == sorted(PHOTOGRAPHS)


@pytest.mark.parametrize("package", ["npm:@stdlib/no-such-package", "no_such_package"])
def test_a_missing_package_is_named(package: str) -> None:
    photograph = Photograph("x", "x", "x", "CC0-1.0", "https://example.org/", package, "x.jpg")
    with pytest.raises(PhotographMissingError, match="make setup"):
        _ = photograph.path


def test_licences_are_those_that_the_packages_state() -> None:
    readme = PHOTOGRAPHS["china"].path.with_name("README.txt").read_text()
    assert "creativecommons.org/licenses/by/2.0" in readme
    for photograph in PHOTOGRAPHS.values():
        if photograph.package.startswith("npm:"):
            licence = photograph.path.parent.parent.joinpath("LICENSE").read_text()
            assert "Creative Commons Zero v1.0" in licence

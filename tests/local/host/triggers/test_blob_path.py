import pytest

from local.host.errors import UnsupportedFeatureError
from local.host.triggers.blob_path import parse_blob_path


@pytest.mark.parametrize(
    ("path", "prefix", "accepted", "refused"),
    [
        ("raw/{dataset}/{shard}.tar", "", {"a/1.tar": ("a", "1"), "a/b/1.tar": ("a", "b/1")}, ["1.tar", "a/1.txt"]),
        ("raw/in/{name}", "in/", {"in/x": ("x",), "in/x/y z.ä": ("x/y z.ä",)}, ["in/", "out/x", "xin/x"]),
        ("raw/{name}.{ext}", "", {"a.b": ("a", "b")}, ["ab"]),
        ("raw", "", {"anything/at all": ("anything/at all",)}, []),
        ("raw/{{x}}-{name}", "{x}-", {"{x}-1": ("1",)}, ["x-1"]),
        ("raw/fixed.txt", "fixed.txt", {"fixed.txt": ()}, ["fixed.txt.bak", "fixedXtxt"]),
    ],
)
def test_matches(path: str, prefix: str, accepted: dict[str, tuple[str, ...]], refused: list[str]) -> None:
    parsed = parse_blob_path(path)
    assert (parsed.container, parsed.prefix) == ("raw", prefix)
    found = {name: match.groups() for name in accepted if (match := parsed.name.fullmatch(name))}
    assert found == accepted
    assert [name for name in refused if parsed.name.fullmatch(name)] == []


@pytest.mark.parametrize("path", ["", "/x", "{box}/x", "raw/{a", "raw/a}", "raw/{a}/{a}", "raw/{}"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match="blob path"):
        parse_blob_path(path)

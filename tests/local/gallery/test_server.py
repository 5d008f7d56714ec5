import http.client
import io
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from builder.rows import Candidate
from local.gallery.catalogue import Catalogue
from local.gallery.exhibits import Behaviour, Exhibit
from local.processes import port_answers

TIMEOUT = 5.0
Sites = tuple[str, ...]


def one(catalogue: Catalogue, behaviour: Behaviour) -> Exhibit:
    return next(exhibit for exhibit in catalogue.exhibits if exhibit.behaviour == behaviour)


def named(catalogue: Catalogue, name: str) -> Exhibit:
    return next(exhibit for exhibit in catalogue.exhibits if exhibit.target.startswith(f"/{name}/"))


def get(sites: Sites, exhibit: Exhibit, *, follow: bool = False) -> requests.Response:
    return requests.get(sites[exhibit.site] + exhibit.target, timeout=TIMEOUT, allow_redirects=follow)


def test_search_tells_what_a_candidate_needs(sites: Sites, catalogue: Catalogue) -> None:
    first = requests.get(f"{sites[0]}/search", params={"q": "landscape"}, timeout=TIMEOUT).json()
    second = requests.get(
        f"{sites[0]}/search", params={"q": "landscape", "page": first["next"]}, timeout=TIMEOUT
    ).json()
    assert second["next"] is None
    results = first["results"] + second["results"]
    assert len(results) == len(catalogue.listed("landscape"))
    for result in results:
        candidate = Candidate(label="landscape", engine="sample", query="landscape", **result)
        assert candidate.licence in {"CC0-1.0", "CC-BY-2.0"}
        assert candidate.page_url is not None
    page = requests.get(results[0]["page_url"], timeout=TIMEOUT)
    assert page.status_code == 200
    assert results[0]["licence"] in page.text


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "²"])
def test_search_refuses_a_page_that_is_no_number(sites: Sites, page: str) -> None:
    answer = requests.get(f"{sites[0]}/search", params={"q": "cat", "page": page}, timeout=TIMEOUT)
    assert answer.status_code == 400


def test_only_the_first_site_searches(sites: Sites) -> None:
    assert requests.get(f"{sites[1]}/search", params={"q": "cat"}, timeout=TIMEOUT).status_code == 404


def test_every_picture_of_a_topic_arrives_whole(sites: Sites, catalogue: Catalogue) -> None:
    with requests.Session() as session:
        for exhibit in catalogue.listed("cat"):
            if exhibit.kind == "picture":
                answer = session.get(sites[exhibit.site] + exhibit.target, timeout=TIMEOUT)
                assert answer.headers["Content-Type"] == exhibit.content_type
                assert answer.content == catalogue.read(catalogue.pictures[exhibit.topic, exhibit.number])


def test_exact_copies_have_the_same_bytes_under_other_addresses(sites: Sites, catalogue: Catalogue) -> None:
    for name in ("mirror", "members"):
        copy = named(catalogue, name)
        original = catalogue.pictures[copy.topic, copy.number]
        assert get(sites, copy).content == get(sites, original).content
    queried = next(exhibit for exhibit in catalogue.exhibits if "?" in exhibit.target)
    assert get(sites, queried).content == catalogue.read(queried)


@pytest.mark.parametrize(("behaviour", "status"), [("moved_permanently", 301), ("found", 302)])
def test_a_moved_picture_is_found(sites: Sites, catalogue: Catalogue, behaviour: Behaviour, status: int) -> None:
    exhibit = one(catalogue, behaviour)
    assert get(sites, exhibit).status_code == status
    arrived = get(sites, exhibit, follow=True)
    assert arrived.content == catalogue.read(catalogue.pictures[exhibit.topic, exhibit.number])


def test_a_loop_never_ends(sites: Sites, catalogue: Catalogue) -> None:
    with pytest.raises(requests.TooManyRedirects):
        get(sites, one(catalogue, "redirect_loop"), follow=True)


def test_one_redirect_leads_to_the_metadata_address(sites: Sites, catalogue: Catalogue) -> None:
    answer = get(sites, one(catalogue, "redirect_inside"))
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).hostname == "169.254.169.254"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [("not_found", 404), ("forbidden", 403), ("gone", 410), ("too_many_requests", 429), ("server_error", 500)],
)
def test_refusals(sites: Sites, catalogue: Catalogue, behaviour: Behaviour, status: int) -> None:
    answer = get(sites, one(catalogue, behaviour))
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) == (status == 429)


def test_an_unknown_path_is_404(sites: Sites) -> None:
    for path in ("/nothing", "/pages/cat/9999", "/photos/../index.json"):
        assert requests.get(sites[0] + path, timeout=TIMEOUT).status_code == 404


def test_a_file_that_broke_off_has_its_right_length_and_does_not_decode(sites: Sites, catalogue: Catalogue) -> None:
    answer = get(sites, named(catalogue, "truncated"))
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with Image.open(io.BytesIO(answer.content)) as image, pytest.raises(OSError, match="truncated"):
        image.load()


def test_a_connection_is_cut_before_the_announced_length(sites: Sites, catalogue: Catalogue) -> None:
    exhibit = one(catalogue, "cut_off")
    connection = http.client.HTTPConnection(urlsplit(sites[exhibit.site]).netloc, timeout=TIMEOUT)
    connection.request("GET", exhibit.target)
    response = connection.getresponse()
    announced = int(response.headers["Content-Length"])
    with pytest.raises(http.client.IncompleteRead) as raised:
        response.read()
    assert 0 < len(raised.value.partial) < announced
    connection.close()


def test_a_dropped_connection_gives_no_answer(sites: Sites, catalogue: Catalogue) -> None:
    with pytest.raises(requests.ConnectionError):
        get(sites, one(catalogue, "drop"))


def test_a_drip_gives_a_byte_now_and_then(sites: Sites, catalogue: Catalogue) -> None:
    exhibit = one(catalogue, "drip")
    with requests.get(sites[exhibit.site] + exhibit.target, timeout=TIMEOUT, stream=True) as answer:
        assert int(answer.headers["Content-Length"]) == 1_000_000
        assert answer.raw.read(2) == catalogue.read(exhibit)[:2]
    assert requests.get(sites[exhibit.site], timeout=TIMEOUT).status_code == 200


def test_nothing_arrives_from_an_empty_body(sites: Sites, catalogue: Catalogue) -> None:
    answer = get(sites, one(catalogue, "empty"))
    assert (answer.status_code, answer.content) == (200, b"")


def test_html_and_svg_come_in_place_of_pictures(sites: Sites, catalogue: Catalogue) -> None:
    page = get(sites, named(catalogue, "page"))
    assert page.url.endswith(".jpg")
    assert page.headers["Content-Type"] == "image/jpeg"
    assert page.content.startswith(b"<!DOCTYPE html>")
    drawing = get(sites, named(catalogue, "drawing"))
    assert drawing.headers["Content-Type"] == "image/svg+xml"
    assert drawing.content.startswith(b"<svg")


def test_an_icon_is_32_pixels_wide(sites: Sites, catalogue: Catalogue) -> None:
    with Image.open(io.BytesIO(get(sites, named(catalogue, "icon")).content)) as image:
        assert image.size == (32, 32)


def test_a_bomb_is_small_and_claims_to_be_huge(sites: Sites, catalogue: Catalogue) -> None:
    data = get(sites, named(catalogue, "bomb")).content
    assert 1_024 < len(data) < 100_000
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(data))


def test_robots_txt_closes_one_path_of_one_site(sites: Sites) -> None:
    texts = [requests.get(f"{site}/robots.txt", timeout=TIMEOUT).text for site in sites]
    assert ["/members/" in text for text in texts] == [False, False, True, False]
    assert all(text.startswith("User-agent: *\n") for text in texts)


def test_the_front_page_lists_what_hangs_there(sites: Sites, catalogue: Catalogue) -> None:
    for number, site in enumerate(sites):
        page = requests.get(site, timeout=TIMEOUT)
        assert page.headers["Content-Type"].startswith("text/html")
        assert all(exhibit.path in page.text for exhibit in catalogue.exhibits if exhibit.site == number)


def test_it_answers_on_loopback_only(sites: Sites) -> None:
    port = urlsplit(sites[0]).port or 0
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        with socket.socket() as probe:
            assert probe.connect_ex((str(address), port)) != 0
    assert port_answers(port)


def test_results_are_the_same_json_every_time(sites: Sites) -> None:
    answers = [requests.get(f"{sites[0]}/search", params={"q": "space"}, timeout=TIMEOUT).text for _ in range(2)]
    assert answers[0] == answers[1]
    assert json.loads(answers[0])["results"]

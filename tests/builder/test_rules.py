"""The rules of a site as a whole; how they are asked for is tried with the fetcher, on real servers."""

from yarl import URL

from builder.optouts import Reservations
from builder.robots import Robots
from builder.rules import GOOD_SECONDS, UNREACHABLE_SECONDS, Rules

ROBOTS = Robots.parse(b"User-agent: *\nDisallow: /private\n")
RESERVATIONS = Reservations.parse(b'[{"location": "/*.jpg$", "tdm-reservation": 1}]')


def test_robots_speak_before_reservations() -> None:
    rules = Rules(robots=ROBOTS, reservations=RESERVATIONS)
    reasons = [
        (rules.objection(URL(f"http://a.example{path}")) or (None,))[0]
        for path in ("/private/x.jpg", "/x.jpg", "/x.jpg?size=1", "/x.png")
    ]
    assert reasons == ["robots", "opted_out", None, None]


def test_no_rules_object_to_nothing_and_a_refusal_to_everything() -> None:
    url = URL("http://a.example/x")
    assert Rules().objection(url) is None
    assert Rules(("dns", "no address")).objection(url) == ("dns", "no address")


def test_a_site_that_could_not_be_asked_is_asked_again_sooner() -> None:
    assert Rules(("robots", "HTTP 503")).seconds == UNREACHABLE_SECONDS < Rules().seconds == GOOD_SECONDS <= 86_400


def test_long_files_are_heavy() -> None:
    assert not Rules(file_bytes=5_000).heavy
    assert Rules(file_bytes=500_000).heavy

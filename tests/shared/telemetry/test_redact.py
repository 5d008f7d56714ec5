import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.telemetry.redact import GONE, redact, redact_line, redacted

KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
LEAKS = [
    ("https://a.blob.core.windows.net/raw/x?sv=2025&sig=s3cr%2FetSIG%3D&se=1", "s3cr%2FetSIG%3D"),
    ("GET /x?code=functionK3y HTTP/1.1", "functionK3y"),
    ("https://b.s3.amazonaws.com/x?X-Amz-Credential=AKIAX&X-Amz-Signature=deadbeef", "deadbeef"),
    ("https://b.s3.amazonaws.com/x?X-Amz-Credential=AKIAX&X-Amz-Signature=deadbeef", "AKIAX"),
    ("AccountName=x;AccountKey=abc/def==;EndpointSuffix=y", "abc/def=="),
    ("Endpoint=sb://x/;SharedAccessKeyName=r;SharedAccessKey=q1w2e3", "q1w2e3"),
    ("InstrumentationKey=00000000-1111-2222-3333-444444444444;IngestionEndpoint=x", "00000000-1111"),
    (f"key {KEY} refused", KEY[:20]),
    ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
    ("sent bearer abcdefgh.12345678-_~", "abcdefgh.12345678"),
    ("{'authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
    ("Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA"),
    ("webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN", "K5oZfzN95Z9UVu1"),
    ("signed v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN", "K5oZfzN95Z9UVu1"),
    ("x-functions-key: abc123==", "abc123"),
    (f"token {JWT}.", JWT),
    ("key pxc_ab12cd34_Zm9vYmFyYmF6 is not known", "Zm9vYmFyYmF6"),
    ("secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqr"),
    ('{"client_secret": "hunter22"}', "hunter22"),
    ('nested {\\"password\\": \\"hunter22\\"}', "hunter22"),
    ("https://user:hunter22@host.example/x", "hunter22"),
    ("mail of alice.o+x@mail.example.org bounced", "alice.o+x"),
    ("?to=alice%40example.org", "alice%40"),
    ("élodie@example.org", "lodie@"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
]


@pytest.mark.parametrize(("text", "secret"), LEAKS)
def test_no_secret_is_left_in_a_text_or_in_a_line_of_json(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    line = redact_line(json.dumps({"message": f"a\n{text}", "more": [{"x": text}], text: 1}, ensure_ascii=False))
    assert secret not in line
    assert json.loads(line)["message"].startswith("a\n")


@pytest.mark.parametrize(
    "text",
    [
        "dataset 0f3b6c1d2e4f5a6b7c8d9e0f1a2b3c4d is ready",
        "shard 0f3b/cat-00001: 61 accepted of 64",
        "a basic check of the bearer; design=new; http://127.0.0.1:7071/api/v1/datasets?limit=5&cursor=abc",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 sha256 " + "ab" * 32,
        "Token: none; secret to nobody; signed-off; http_4xx 2, e.g. @home",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_what_surrounds_a_secret_stays() -> None:
    assert redact("GET https://a/x?sv=1&sig=abc&se=2 failed") == f"GET https://a/x?sv=1&sig={GONE}&se=2 failed"


def test_members_named_for_secrets_lose_their_values() -> None:
    assert redacted({"Authorization": "anything", "password": "x", "n": 3, "deep": ({"secret": "y"},)}) == {
        "Authorization": GONE, "password": GONE, "n": 3, "deep": [{"secret": GONE}],
    }  # fmt: skip


texts = st.text() | st.lists(
    st.sampled_from([one for pair in LEAKS for one in pair] + ["\n", "\\", '"', "{", "="])
).map("".join)


@given(texts)
def test_redacting_again_changes_nothing(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@given(st.recursive(st.none() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)))
def test_a_line_of_json_stays_one(value: Any) -> None:
    line = json.dumps({"message": value})
    assert "message" in json.loads(redact_line(line))


@pytest.mark.parametrize("piece", ["a", "a.", "%40", "x@", "A=", "eyJ", "://", "secret=", "ab1/"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    begun = time.process_time()
    redact(piece * (200_000 // len(piece)))
    assert time.process_time() - begun < 1

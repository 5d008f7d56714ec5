"""A token issuer that runs here: real keys, a real server that publishes them, tokens good and forged."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ISSUER = "https://issuer.example/v2"
AUDIENCE = "api://pixcrawler"

type Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """A key that takes a moment to make, once for each name."""
    return rsa.generate_private_key(65_537, 2048)


def elliptic_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def public(kid: str, key: Private) -> dict[str, Any]:
    """A key as a key set tells it, without `alg`, as Entra ID does."""
    algorithm: Any = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"}


@dataclass
class KeyServer:
    """What is served, and how often it was asked for."""

    url: str = ""
    body: bytes = b'{"keys": []}'
    status: int = 200
    asked: int = 0
    missing: int = 0  # bytes that are announced and do not come

    def publish(self, **keys: Private) -> None:
        self.body = json.dumps({"keys": [public(kid, key) for kid, key in keys.items()]}).encode()


@contextmanager
def serving_keys() -> Iterator[KeyServer]:
    """A key set on loopback."""
    told = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked += 1
            self.send_response(told.status)
            self.send_header("Content-Length", str(len(told.body) + told.missing))
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_port}/keys"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield told
        server.shutdown()


@dataclass
class Authority:
    """Signs tokens of one tenant and role; `changes` are claims, None leaves one out."""

    key: Private = field(default_factory=lambda: rsa_key("one"))
    kid: str = "one"
    issuer: str = ISSUER

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        usual = {
            "iss": self.issuer, "aud": AUDIENCE, "sub": "person-1", "iat": now, "nbf": now, "exp": now + 600,
            "tid": "acme", "roles": ["admin"],
        }  # fmt: skip
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def token(self, **changes: Any) -> str:
        algorithm = "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256"
        return jwt.encode(self.claims(**changes), self.key, algorithm, headers={"kid": self.kid})

    def forged(self, algorithm: str, secret: bytes = b"", **changes: Any) -> str:
        """A token signed with HMAC by `secret`, or not at all: PyJWT itself would refuse to make one."""
        parts = [{"typ": "JWT", "alg": algorithm, "kid": self.kid}, self.claims(**changes)]
        text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
        return f"{text}.{_base64(mac)}"

    @property
    def pem(self) -> bytes:
        """The public key, which everybody has."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def forgeries(self) -> dict[str, str]:
        """Tokens that must not count, by what is wrong with them."""
        now = int(time.time())
        stranger = Authority(rsa_key("two"), self.kid, self.issuer)
        head, body, signature = self.token().split(".")
        raised = _base64(json.dumps(self.claims(roles=["admin"], tid="default")).encode())
        return {
            "algorithm none": self.forged("none"),
            "algorithm None": self.forged("None"),
            "HMAC with the public key": self.forged("HS256", self.pem),
            "HMAC called RS256": self.forged("RS256", self.pem),
            "signed by somebody else": stranger.token(),
            "claims changed": f"{head}.{raised}.{signature}",
            "signature cut off": f"{head}.{body}.",
            "key that nobody has": Authority(self.key, "nobody", self.issuer).token(),
            "no key named": jwt.encode(self.claims(), self.key, "RS256"),
            "algorithm that was not agreed on": jwt.encode(self.claims(), self.key, "PS256", headers={"kid": self.kid}),
            "other issuer": self.token(iss="https://evil.example/"),
            "no issuer": self.token(iss=None),
            "other audience": self.token(aud="api://other"),
            "no audience": self.token(aud=None),
            "expired": self.token(iat=now - 900, nbf=now - 900, exp=now - 300),
            "never expires": self.token(exp=None),
            "not yet valid": self.token(nbf=now + 300),
            "made in the future": self.token(iat=now + 300),
            "no subject": self.token(sub=None),
            "deeply nested": f"{_base64(b'[' * 9_000)}.{body}.{signature}",
            "a person that is no text": self.forged("RS256", b"x", sub={"a": 1}),
            "too long": self.token(more="x" * 20_000),
            "no token at all": "abc.def.ghi",
            "neither key nor token": "hunter2",
        }


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

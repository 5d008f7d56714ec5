from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr, ValidationError

from shared import sealing
from shared.sealing import SealedError, seal, seal_of, unseal
from shared.settings import Settings

SECRET = SecretStr("whsec_abc")
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_tells_nothing_and_is_opened_again(seal_with: Callable[..., None]) -> None:
    seal_with(NEW)
    stored = seal(SECRET)
    assert stored.get_secret_value().startswith("sealed:")
    assert "whsec_" not in stored.get_secret_value()
    assert unseal(stored) == SECRET
    assert seal(stored) == stored, "sealed once"
    assert seal(SECRET) != stored, "the same secret is not told from its seal"


def test_keys_change_without_a_gap(seal_with: Callable[..., None]) -> None:
    seal_with(OLD)
    stored = seal(SECRET)
    seal_with(NEW, OLD)
    assert (unseal(stored), seal_of(stored)) == (SECRET, "older")
    again = seal(unseal(stored))
    seal_with(NEW)
    assert (unseal(again), seal_of(again)) == (SECRET, "newest")
    assert seal_of(stored) == "unknown"
    with pytest.raises(SealedError, match="PIXCRAWLER_SEALING_KEYS"):
        unseal(stored)


def test_without_a_key_secrets_are_kept_as_before(seal_with: Callable[..., None]) -> None:
    seal_with()
    assert (seal(SECRET), unseal(SECRET), seal_of(SECRET), sealing.is_on()) == (SECRET, SECRET, "none", False)
    seal_with(NEW)
    assert (unseal(SECRET), seal_of(SECRET), sealing.is_on()) == (SECRET, "none", True)


def test_what_somebody_changed_is_not_opened(seal_with: Callable[..., None]) -> None:
    seal_with(NEW)
    text = seal(SECRET).get_secret_value()
    for faulty in (text[:-8] + "AAAAAAA=", "sealed:", "sealed:é", text[:40]):
        with pytest.raises(SealedError):
            unseal(SecretStr(faulty))


@pytest.mark.parametrize("faulty", ["s3cret", OLD[:-4], OLD + OLD, "é"], ids=range(4))
def test_a_key_that_is_none_is_refused_at_start_and_not_repeated(seal_with: Callable[..., None], faulty: str) -> None:
    seal_with(NEW, faulty)
    with pytest.raises(ValidationError, match="key 2 is no Fernet key") as caught:
        Settings()
    assert NEW not in str(caught.value)
    assert faulty not in str(caught.value)

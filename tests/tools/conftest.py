"""The app's stores, as the tests of `shared` have them."""

from tests.shared.conftest import configured, owner, stores

__all__ = ["configured", "owner", "stores"]

"""API keys: made, shown once, stored as hashes, verified, revoked. `python -m shared.keys` is for operators."""

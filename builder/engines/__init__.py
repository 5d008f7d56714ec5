"""Search engines and other sources of candidates, one module each."""

"""`python -m builder remote`: a server builds; the command asks, watches and downloads."""

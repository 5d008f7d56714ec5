"""The command line, `python -m builder`: one module per command; what is heavy is imported when a command runs."""

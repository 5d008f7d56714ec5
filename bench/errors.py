"""What can go wrong in the benchmark itself; every message says what to do next."""


class BenchError(Exception):
    """The benchmark cannot go on."""

"""`python -m builder`. Processes that the command starts import this file again: nothing may happen in it then."""

if __name__ == "__main__":
    import os
    import sys

    # Arrow's own allocator keeps twenty megabytes for itself to write a table of five thousand rows.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.argv[1:2] in (["build"], ["from-urls"], ["rebuild"]) and not {"-h", "--help"} & {*sys.argv}:
        from builder.forks import warm_up

        warm_up()  # before the command's own imports: until the server has done its own, nothing can be fetched

    from builder.cli.main import main

    sys.exit(main())

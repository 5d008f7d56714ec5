"""`python -m builder`. Processes that the command starts import this file again: nothing may happen in it then."""

if __name__ == "__main__":
    import sys

    from builder.cli.main import main

    sys.exit(main())

"""The steps of a build: each reads what is at rest, calls the builder, and leaves its result at rest.

Every step may run twice or be started again half-way: it finds its own output by name and changes nothing.
"""

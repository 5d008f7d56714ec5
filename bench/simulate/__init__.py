"""Builds too large for this machine, simulated: real orchestrators and sidecar, activities that only take time."""

"""Durable Functions on one machine: an in-memory task hub, and the loop that gives its work to the app's functions."""

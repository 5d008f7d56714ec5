"""The whole app on one machine; never deployed."""

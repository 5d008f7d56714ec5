"""What the app shows of itself: log lines, traces, metrics, and where they go."""

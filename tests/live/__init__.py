"""Against real gunicorn: nothing of the proxy runs in the test's own process."""

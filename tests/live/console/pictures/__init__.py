"""The pictures of docs/console.md: `python -m tests.live.console.pictures` makes them anew."""

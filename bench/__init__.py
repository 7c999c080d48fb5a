"""How fast the proxy is, measured: `python -m bench`. See bench/README.md for what the figures mean."""

"""The HTTP surface: thin Flask blueprints that check what comes in, call the gateway or the store, and answer."""

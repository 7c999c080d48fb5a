"""One request's way: who may, where to, sending, reading, ending."""

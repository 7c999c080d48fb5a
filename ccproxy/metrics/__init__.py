"""What is counted of requests and shown to Prometheus, over all workers of one server.

Knows prometheus-client and the rows of requests; neither the web nor how requests are served.
"""

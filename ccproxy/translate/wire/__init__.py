"""Upstream APIs, one module or package each, all with the same four names.

- `encode(request, target) -> UpstreamRequest`
- `decode(body, context) -> Message`
- `decode_error(status, headers, body) -> UpstreamRefused`
- `StreamDecoder(context)`: `feed(data) -> list[Event]`, `close() -> list[Event]` (raises `Truncated` where the
  API's own end never came)
"""

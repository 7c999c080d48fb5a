"""Upstream APIs, one module or package each, all with the same four names.

- `encode(request, target) -> UpstreamRequest`, complete with the target's headers
- `decode(body, context) -> Message`
- `decode_error(status, headers, body, *, model, max_tokens, now) -> UpstreamRefused`; the keywords are what was asked
  for and the time (seconds since 1970), for the messages and dates that leave them out
- `StreamDecoder(context)`: `feed(data) -> list[Event]`, `close() -> list[Event]` (raises `Truncated` where the API's
  own end never came); `done`, `stop_reason`, `usage`, `usage_estimated` at any time; `failure` is what to raise once
  the events of the last feed were told
"""

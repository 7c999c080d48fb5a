"""Upstream APIs, one module or package each, all with the same names.

Wires that translate:

- `encode(request, target) -> UpstreamRequest`, complete with the target's headers
- `decode(body, context) -> Message`
- `decode_error(status, headers, body, *, model, max_tokens, now) -> UpstreamRefused`; the keywords are what was asked
  for and the time (seconds since 1970), for the messages and dates that leave them out
- `StreamDecoder(context)`: `feed(data) -> list[Event]`, `close() -> list[Event]` (raises `Truncated` where the API's
  own end never came); `done`, `stop_reason`, `usage`, `usage_estimated` at any time; `failure` is what to raise once
  the events of the last feed were told

Wires that relay, because the upstream speaks the Messages API itself, have the same names but for these:

- `relay(parsed, headers, target) -> UpstreamRequest` in place of `encode`: the client's own bytes; `headers` are the
  client's, with lower-case names
- `decode(body, context) -> Relayed`, `feed` and `close` give `Verbatim` events, and `feed` takes a whole JSON body too

Either kind may know how to count the input tokens of a request:

- `count(parsed, headers, target) -> UpstreamRequest | None` (None: not this model) and `counted(body) -> int`, which
  raises BadAnswer
"""

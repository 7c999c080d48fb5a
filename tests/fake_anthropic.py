"""Anthropic's API on the scripted provider: messages, counts, batches and files, as its documentation has them.

    with FakeUpstream() as upstream:
        api = FakeAnthropic(upstream)
        ...  # point a provider of type `anthropic` at upstream.url

What is asked for a model is answered with `api.stream` or `api.message`, unless the upstream has other answers queued.
"""

from __future__ import annotations

import json
from typing import Any

from tests.fake_upstream import Answer, Exact, FakeUpstream, Json, Received, Stream, head

LIMITS = {"anthropic-ratelimit-requests-remaining": "49", "anthropic-ratelimit-tokens-reset": "2026-11-23T12:00:00Z"}
USAGE = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 4,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 3,
    "service_tier": "standard",
}


def frame(type: str, **fields: Any) -> bytes:
    """One event of a stream."""
    return f"event: {type}\ndata: {json.dumps({'type': type, **fields})}\n\n".encode()


def failure(type: str, message: str) -> dict[str, Any]:
    """The body of an error."""
    return {"type": "error", "error": {"type": type, "message": message}, "request_id": "req_fake"}


class FakeAnthropic:
    """The API; takes over the upstream's answers. `files` and `batches` are what it keeps, by id."""

    def __init__(self, upstream: FakeUpstream, text: str = "Hello from the fake.") -> None:
        self.upstream = upstream
        self.text = text
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self._answers = 0
        self.take_over()

    def take_over(self) -> None:
        """Answer what is not queued; again, after the upstream forgot."""
        self.upstream.script("*", self.answer)
        self.upstream.models_answer = self.answer

    def message(self, model: str) -> dict[str, Any]:
        """A whole answer."""
        self._answers += 1
        return {
            "model": model,
            "id": f"msg_fake{self._answers}",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": self.text, "citations": None}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": USAGE,
            "new_field": {"model": model, "number": 1.50},
        }

    def stream(self, model: str) -> list[bytes]:
        """The frames of a streamed answer."""
        empty = {**self.message(model), "content": [], "stop_reason": None}
        return [
            frame("message_start", message=empty),
            frame("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            frame("ping"),
            *(
                frame("content_block_delta", index=0, delta={"type": "text_delta", "text": word + " "})
                for word in self.text.split()
            ),
            frame("content_block_stop", index=0),
            frame("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=USAGE),
            frame("message_stop"),
        ]

    def answer(self, received: Received) -> Answer:
        """The answer to any request."""
        match received.method, *received.path.strip("/").split("/"):
            case "POST", "v1", "messages":
                model = received.json["model"]
                if received.json.get("stream"):
                    return Stream(self.stream(model), headers=LIMITS)
                return Json(self.message(model), headers=LIMITS)
            case "POST", "v1", "messages", "count_tokens":
                return Json({"input_tokens": 2095})
            case _, "v1", "messages", "batches", *rest:
                return self._batches(received, *rest)
            case _, "v1", "files", *rest:
                return self._files(received, *rest)
        return Json(failure("not_found_error", f"nothing at {received.target}"), 404)

    def _batches(self, received: Received, id: str = "", action: str = "") -> Answer:
        if not id and received.method == "POST":
            id = f"msgbatch_{len(self.batches) + 1}"
            self.batches[id] = {"body": received.json, "status": "ended"}
            return Json(self._batch(id))
        if not id:
            return Json({"data": [self._batch(one) for one in self.batches], "has_more": False})
        if id not in self.batches:
            return Json(failure("not_found_error", f"no batch {id}"), 404)
        match received.method, action:
            case "POST", "cancel":
                self.batches[id]["status"] = "canceling"
            case "DELETE", "":
                del self.batches[id]
                return Json({"id": id, "type": "message_batch_deleted"})
            case "GET", "results":
                lines = [self._result(request) for request in self.batches[id]["body"]["requests"]]
                return Exact(
                    head(200, {"Content-Type": "application/x-jsonl", "Transfer-Encoding": "chunked"}),
                    *(f"{len(line):x}\r\n".encode() + line + b"\r\n" for line in lines),
                    b"0\r\n\r\n",
                )
        return Json(self._batch(id))

    def _batch(self, id: str) -> dict[str, Any]:
        count = len(self.batches[id]["body"]["requests"])
        return {
            "id": id,
            "type": "message_batch",
            "processing_status": self.batches[id]["status"],
            "request_counts": {"processing": 0, "succeeded": count, "errored": 0, "canceled": 0, "expired": 0},
            "created_at": "2026-11-23T10:00:00Z",
            "expires_at": "2026-11-24T10:00:00Z",
            "ended_at": None,
            "cancel_initiated_at": None,
            "archived_at": None,
            "results_url": f"https://api.anthropic.com/v1/messages/batches/{id}/results",
        }

    def _result(self, request: dict[str, Any]) -> bytes:
        result = {"type": "succeeded", "message": self.message(request["params"]["model"])}
        return json.dumps({"custom_id": request["custom_id"], "result": result}).encode() + b"\n"

    def _files(self, received: Received, id: str = "", action: str = "") -> Answer:
        if not id and received.method == "POST":
            boundary = received.headers["content-type"].partition("boundary=")[2].encode()
            part = received.body.split(b"--" + boundary)[1]
            id = f"file_{len(self.files) + 1}"
            self.files[id] = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
            return Json(self._file(id))
        if not id:
            return Json({"data": [self._file(one) for one in self.files], "has_more": False})
        if id not in self.files:
            return Json(failure("not_found_error", f"no file {id}"), 404)
        if received.method == "DELETE":
            del self.files[id]
            return Json({"id": id, "type": "file_deleted"})
        if action == "content":
            content = self.files[id]
            headers = {"Content-Type": "text/plain", "Content-Length": str(len(content)), "Set-Cookie": "a=b"}
            return Exact(head(200, headers), content)
        return Json(self._file(id))

    def _file(self, id: str) -> dict[str, Any]:
        return {
            "id": id,
            "type": "file",
            "filename": "a.txt",
            "mime_type": "text/plain",
            "size_bytes": len(self.files[id]),
            "created_at": "2026-11-23T10:00:00Z",
            "downloadable": True,
        }

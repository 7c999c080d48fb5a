"""The header that names what was dropped."""

from __future__ import annotations

from ccproxy.translate.losses import header


def test_losses_are_listed() -> None:
    assert header([]) == ""
    assert header(["top_k"]) == "top_k"
    assert header(["top_k", "tools[3].cache_control"]) == "top_k, tools[3].cache_control"


def test_a_long_list_is_cut_and_counted() -> None:
    losses = [f"messages[{number}].content[0].cache_control" for number in range(100)]
    text = header(losses)
    assert len(text) < 1100
    shown = text.split(", ")
    left = int(text.rsplit("(+", 1)[1].split(" ")[0])
    assert len(shown) + left == 100
    assert shown[0] == losses[0]


def test_the_first_loss_may_be_too_long() -> None:
    assert header(["x" * 5000, "y"]).strip() == "(+2 more)"


def test_a_header_is_one_line_of_ascii() -> None:
    assert header(["tools[0].ü", "a\r\nb"]) == "tools[0].\\xfc, a  b"

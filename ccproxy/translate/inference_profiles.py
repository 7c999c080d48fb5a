"""Amazon Bedrock's names of models: those of inference profiles and ARNs, and the model's own behind them."""

from __future__ import annotations

import re

_REGION = re.compile(r"(?:us|eu|apac|jp|au|ca|sa|us-gov|global)\.", re.IGNORECASE)


def base_model(name: str) -> str:
    """The model's own id. An application inference profile does not tell it; what is left of its ARN is its own id.

    >>> base_model("us.anthropic.claude-sonnet-4-20250514-v1:0")
    'anthropic.claude-sonnet-4-20250514-v1:0'
    """
    name = name.rpartition("/")[2]
    region = _REGION.match(name)
    return name[region.end() if region else 0 :]

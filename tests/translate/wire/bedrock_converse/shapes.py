"""AWS's own description of Converse, to check requests against: botocore's service model and validator.

The validator knows types, required and unknown members; what it does not look at (patterns, enumerations, the most
that may be) is looked at here.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator


@cache
def service() -> ServiceModel:
    """The runtime of Bedrock."""
    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"), "bedrock-runtime")


def check(body: dict[str, Any], operation: str = "Converse", model: str = "amazon.nova-lite-v1:0") -> None:
    """Raises AssertionError where the body is no request of the operation's."""
    shape = service().operation_model(operation).input_shape
    assert shape is not None
    found = _native(body | {"modelId": model}, shape)
    report = ParamValidator().validate(found, shape)
    assert not report.has_errors(), report.generate_report()


def _native(value: Any, shape: Shape) -> Any:
    """The value as Python has it, bytes for base64, once what is said of the shape holds."""
    match shape.type_name:
        case "structure" if getattr(shape, "is_document_type", False):
            return value
        case "structure":
            assert isinstance(value, dict), shape.name
            if getattr(shape, "is_tagged_union", False):
                assert len(value) == 1, f"{shape.name} has {list(value)}"
            return {name: _native(one, shape.members[name]) for name, one in value.items() if _known(name, shape)}
        case "list":
            assert isinstance(value, list), shape.name
            assert len(value) <= shape.metadata.get("max", len(value)), shape.name
            return [_native(one, shape.member) for one in value]
        case "blob":
            data = base64.b64decode(value, validate=True)
            assert len(data) <= shape.metadata.get("max", len(data)), shape.name
            return data
        case "string":
            _text(value, shape)
    return value


def _known(name: str, shape: Shape) -> bool:
    assert name in shape.members, f"{shape.name} has no {name}"
    return True


def _text(value: Any, shape: Shape) -> None:
    assert isinstance(value, str), shape.name
    assert not shape.enum or value in shape.enum, f"{shape.name}: {value}"
    assert shape.metadata.get("min", 0) <= len(value) <= shape.metadata.get("max", len(value)), f"{shape.name}: {value}"
    pattern = shape.metadata.get("pattern")
    # The id's pattern has anchors for each of its branches.
    assert pattern is None or "Model" in shape.name or re.fullmatch(pattern, value), f"{shape.name}: {value}"

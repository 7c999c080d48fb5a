"""Made-up credentials in all forms: what AWS and Google print in their documentation, or made for one run."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PAIR = f"{ACCESS_KEY}:{SECRET_KEY}"
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz+a=="


@cache
def private_key() -> str:
    """A key for signing, as a service account's file holds one."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def service_account(token_uri: str = "https://oauth2.googleapis.com/token", **more: Any) -> str:
    """A service account's key file."""
    account = {
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": "0123456789abcdef0123456789abcdef01234567",
        "private_key": private_key(),
        "client_email": "proxy@project-1.iam.gserviceaccount.com",
        "client_id": "1234567890",
        "token_uri": token_uri,
    }
    return json.dumps({**account, **more})


def user(**more: Any) -> str:
    """What `gcloud auth application-default login` writes."""
    return json.dumps(
        {
            "type": "authorized_user",
            "client_id": "1234567890.apps.googleusercontent.com",
            "client_secret": "a-secret-of-the-client",
            "refresh_token": "1//a-refresh-token",
            **more,
        }
    )

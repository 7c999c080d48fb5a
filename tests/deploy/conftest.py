from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.proxy import image


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with exactly the files that the image has."""
    return image(tmp_path_factory.mktemp("app"))

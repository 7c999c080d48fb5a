from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError

from ccproxy.store.models import seeded_providers


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=5, minutes=30))])
def test_times_are_kept_in_utc_and_come_back_aware(engine, zone):
    moment = datetime(2026, 3, 1, 2, 3, 4, 567890, tzinfo=zone)
    with engine.begin() as connection:
        connection.execute(insert(seeded_providers), {"name": "a", "seeded_at": moment})
        back = connection.execute(select(seeded_providers.c.seeded_at)).scalar_one()
        raw = connection.execute(text("SELECT seeded_at FROM seeded_providers")).scalar_one()
    assert back == moment
    assert back.tzinfo is UTC
    assert raw == moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def test_a_time_without_a_zone_is_refused(engine):
    with engine.begin() as connection, pytest.raises(StatementError, match="without a zone"):
        connection.execute(insert(seeded_providers), {"name": "a", "seeded_at": datetime(2026, 3, 1)})  # noqa: DTZ001

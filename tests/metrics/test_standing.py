"""What is looked up for each scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from ccproxy.metrics.standing import Provider, Standing, StandingCollector


def values(standing: Standing) -> dict[tuple[str, ...], float]:
    registry = CollectorRegistry()
    registry.register(StandingCollector(standing))
    return {
        (sample.name.removeprefix("ccproxy_"), *sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


def test_all_of_it() -> None:
    providers = {
        "groq": Provider(healthy=True, models=2, keys=1),
        "box": Provider(healthy=False, resting=True),
    }
    standing = Standing(
        version="1.2.3",
        commit="abc",
        started=100.0,
        memory_bytes=5e6,
        database_ok=True,
        database_bytes=4096,
        providers=providers,
    )
    assert values(standing) == {
        ("build_info", "1.2.3", "abc"): 1,
        ("start_time_seconds",): 100,
        ("memory_bytes",): 5e6,
        ("database_up",): 1,
        ("database_size_bytes",): 4096,
        ("provider_healthy", "groq"): 1,
        ("provider_healthy", "box"): 0,
        ("cooldowns", "groq", "provider"): 0,
        ("cooldowns", "groq", "model"): 2,
        ("cooldowns", "groq", "key"): 1,
        ("cooldowns", "box", "provider"): 1,
        ("cooldowns", "box", "model"): 0,
        ("cooldowns", "box", "key"): 0,
    }


def test_a_size_that_is_not_known_is_not_there() -> None:
    found = values(Standing("1", "", 1.0, 1.0, False, None, {}))
    assert ("database_size_bytes",) not in found
    assert found[("database_up",)] == 0

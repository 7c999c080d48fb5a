"""What lies in deploy/monitoring against what /metrics really shows, and against itself.

A dashboard with a misspelt name shows nothing and says nothing, so every query is parsed as Prometheus would, and each
metric and label in it is looked for in the text that a scrape gets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql
import pytest
import yaml
from prometheus_client import values
from prometheus_client.parser import text_string_to_metric_families

from ccproxy.metrics.counting import Metrics
from ccproxy.metrics.folder import VARIABLE
from ccproxy.metrics.standing import Busy, Provider, Standing, StandingCollector
from tests.deploy.proxy import ROOT
from tests.metrics.conftest import failed, row

FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "dashboards" / "ccproxy.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    pytest.param(panel, target, id=f"{panel['title']}-{target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
VARIABLES = {"__rate_interval": "1m", "__range": "6h", "__interval": "1m"}
TABLE_ROW = r"^\| `(ccproxy_\w+)` \| \w+ \|([^|]*)\|"
TARGET_LABELS = {"job", "instance"}
"""What Prometheus itself adds to every metric."""


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Each metric that a scrape of a worker shows, with its labels."""
    metrics = Metrics(lambda: None)
    standing = Standing("1", "abc", 1.0, 2.0, True, 3, {"groq": Provider(healthy=True)}, 5)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(values, "ValueClass", values.ValueClass)
        patched.setenv(VARIABLE, str(tmp_path_factory.mktemp("metrics")))
        metrics.start(0)
        metrics.observe(row())
        metrics.observe(failed())
        metrics.publish(Busy())
        text, _ = metrics.exposition("", StandingCollector(standing))
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def parsed(query: str) -> Any:
    """The query's tree, with Grafana's variables filled in."""
    for name in [*VARIABLES, *(variable["name"] for variable in DASHBOARD["templating"]["list"])]:
        query = query.replace(f"${name}", VARIABLES.get(name, ".*"))
    return promql.parse(query)


def children(node: Any) -> list[Any]:
    """The expressions that an expression is made of."""
    match node:
        case promql.BinaryExpr():
            return [node.lhs, node.rhs]
        case promql.AggregateExpr():
            return [node.expr]
        case promql.Call():
            return list(node.args)
        case promql.MatrixSelector():
            return [node.vector_selector]
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return [node.expr]
        case _:
            return []


def selectors(node: Any) -> Iterator[Any]:
    """The metrics that are asked for."""
    if isinstance(node, promql.VectorSelector):
        yield node
    for child in children(node):
        yield from selectors(child)


def labels_of(node: Any, exposed: dict[str, set[str]]) -> set[str]:
    """The labels that a query's result has; every label that it aggregates by has to be there."""
    match node:
        case promql.VectorSelector():
            return exposed[node.name] | TARGET_LABELS
        case promql.AggregateExpr():
            inside = labels_of(node.expr, exposed)
            if node.modifier is None:
                return inside if str(node.op) in ("topk", "bottomk") else set()
            by = set(node.modifier.labels)
            assert node.modifier.type == promql.AggModifierType.By
            assert by <= inside, f"no label {by - inside}"
            return by
        case promql.BinaryExpr():
            return labels_of(node.lhs, exposed) | labels_of(node.rhs, exposed)
        case promql.Call() if node.func.name == "histogram_quantile":
            inside = labels_of(node.args[1], exposed)
            assert "le" in inside
            return inside - {"le"}
        case _:
            found: set[str] = set()
            for child in children(node):
                found |= labels_of(child, exposed)
            return found


def check(query: str, exposed: dict[str, set[str]]) -> set[str]:
    """Each metric and label of a query is there; the labels of what it comes to."""
    tree = parsed(query)
    found = list(selectors(tree))
    assert found, "asks for no metric"
    for selector in found:
        assert selector.name in exposed, f"no metric {selector.name}"
        named = {matcher.name for matcher in selector.matchers.matchers}
        assert named <= exposed[selector.name] | TARGET_LABELS, f"{selector.name} has no label {named}"
    return labels_of(tree, exposed)


@pytest.mark.parametrize(("panel", "target"), QUERIES)
def test_every_query_asks_for_what_there_is(
    panel: dict[str, Any], target: dict[str, Any], exposed: dict[str, set[str]]
) -> None:
    labels = check(target["expr"], exposed)
    legend = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
    assert legend <= labels, f"the legend names {legend - labels}"


@pytest.mark.parametrize(
    "wrong",
    [
        "sum(rate(ccproxy_request_total[1m]))",
        'sum(rate(ccproxy_requests_total{prvider="a"}[1m]))',
        "sum by (kind) (rate(ccproxy_requests_total[1m]))",
        "histogram_quantile(0.9, sum by (model) (rate(ccproxy_request_duration_seconds_bucket[1m])))",
        "sum(rate(ccproxy_requests_total[1m])",
        "rate(ccproxy_requests_total)",
        "1 + 1",
    ],
)
def test_a_wrong_query_would_be_found(wrong: str, exposed: dict[str, set[str]]) -> None:
    with pytest.raises((AssertionError, ValueError)):
        check(wrong, exposed)


def test_every_metric_is_on_the_dashboard(exposed: dict[str, set[str]]) -> None:
    text = json.dumps(DASHBOARD)
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed} - {"up"}
    assert [name for name in sorted(families) if name not in text] == []


def test_the_page_tells_every_metric_and_its_labels(exposed: dict[str, set[str]]) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text()
    told = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in re.findall(TABLE_ROW, page, re.MULTILINE)}
    shown: dict[str, set[str]] = {}
    for name, labels in exposed.items():
        shown.setdefault(re.sub(r"_(bucket|sum|count)$", "", name), set()).update(labels - {"le"})
    del shown["up"]
    assert told == shown


def test_the_variables_ask_for_what_there_is(exposed: dict[str, set[str]]) -> None:
    asked = [variable for variable in DASHBOARD["templating"]["list"] if variable["type"] == "query"]
    assert {variable["name"] for variable in asked} == {"provider", "model", "key"}
    for variable in asked:
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        assert found is not None
        assert found[2] in check(found[1], exposed)


def test_panels_do_not_overlap_and_fill_the_width() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[(x, y)]}"
                taken[(x, y)] = panel["title"]
    rows = {y for _, y in taken}
    assert {(x, y) for x in range(24) for y in rows} == set(taken)
    assert rows == set(range(len(rows)))


def test_the_dashboard_knows_its_source_and_has_ids_of_its_own() -> None:
    assert DASHBOARD["uid"] == "ccproxy"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    sources = {panel["datasource"]["uid"] for panel in PANELS} | {
        target["datasource"]["uid"] for panel in PANELS for target in panel["targets"]
    }
    assert sources == {"${datasource}"}


def test_the_annotations_ask_for_what_there_is(exposed: dict[str, set[str]]) -> None:
    asked = [one["expr"] for one in DASHBOARD["annotations"]["list"] if "expr" in one]
    assert len([check(query, exposed) for query in asked]) == 1


def test_the_alerts_ask_for_what_there_is(exposed: dict[str, set[str]]) -> None:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 4
    for rule in rules:
        labels = check(rule["expr"], exposed)
        assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= labels


def test_prometheus_reads_the_files_and_the_key_that_it_is_given() -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    prometheus = composed["services"]["prometheus"]
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    mounted = dict(volume.split(":")[:2] for volume in prometheus["volumes"])
    assert (ROOT / mounted_source(mounted, "/etc/prometheus")) == FOLDER
    assert all((FOLDER / name).is_file() for name in config["rule_files"])
    [job] = config["scrape_configs"]
    [secret] = prometheus["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert composed["secrets"][secret] == {"environment": "CCPROXY_APIKEY"}
    assert job["static_configs"] == [{"targets": ["ccproxy:3456"]}]


def test_grafana_finds_prometheus_and_the_dashboard() -> None:
    grafana = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]
    mounted = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    provisioning = ROOT / mounted_source(mounted, "/etc/grafana/provisioning")
    [source] = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    [provider] = yaml.safe_load((provisioning / "dashboards" / "ccproxy.yml").read_text())["providers"]
    boards = ROOT / mounted_source(mounted, provider["options"]["path"])
    assert [path.name for path in boards.iterdir()] == ["ccproxy.json"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/ccproxy.json"


def test_monitoring_is_pinned_started_on_request_and_for_this_machine_only() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    for name in ("prometheus", "grafana"):
        assert services[name]["profiles"] == ["monitoring"]
        assert re.fullmatch(r"[\w/]+:v?\d+\.\d+\.\d+", services[name]["image"])
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
        assert services[name]["cap_drop"] == ["ALL"]


def mounted_source(mounted: dict[str, str], inside: str) -> str:
    """The folder of the project that is mounted there."""
    [source] = [source for source, target in mounted.items() if target == inside]
    return source

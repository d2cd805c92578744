import pytest

from tests.api.deployment import NEWEST_MS, Deployment, filled, fired
from tests.contract.specimens import STATS
from tocsin.core.clock import HOUR_MS, MINUTE_MS
from tocsin.core.devices import ListedDevice, device_entry
from tocsin.core.messages import Severity
from tocsin.core.ports import WindowItem


@pytest.fixture
def deployment() -> Deployment:
    return filled()


def names(deployment: Deployment, query: str) -> list[str]:
    return [one["device"] for one in deployment.ask(f"/v1/devices?{query}").content["items"]]


def test_device_shows_where_it_stands_how_it_is_and_its_newest_values(deployment: Deployment) -> None:
    (device,) = deployment.ask("/v1/devices?ids=pump-7").content["items"]

    assert device == {
        "device": "pump-7",
        "site": "north",
        "device_type": "pump",
        "gateway": "north-gw",
        "state": "warning",
        "seen_ms": NEWEST_MS + MINUTE_MS,
        "alerts": 1,
        "values": [{"metric": "flow_lpm", "unit": "l/min", "value": 204.0, "at_ms": NEWEST_MS}],
        "spark": None,
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["fan-1", "pump-7", "pump-8"]),
        ("site=north", ["pump-7", "pump-8"]),
        ("device_type=f*", ["fan-1"]),
        ("gateway=north-*", ["pump-7", "pump-8"]),
        ("state=ok", ["fan-1", "pump-8"]),
        ("state=warning,critical", ["pump-7"]),
        ("q=PUMP", ["pump-7", "pump-8"]),
        ("ids=pump-8,pump-9,pump-7", ["pump-7", "pump-8"]),
    ],
)
def test_list_keeps_what_the_filter_names(deployment: Deployment, query: str, found: list[str]) -> None:
    assert names(deployment, query) == found


def test_pages_hold_each_device_once(deployment: Deployment) -> None:
    entries = [device_entry("acme", ListedDevice(f"extra-{number:04d}", NEWEST_MS, ())) for number in range(2_500)]
    deployment.backend.directory.put(entries)

    found: list[str] = []
    cursor = ""
    while True:
        page = deployment.ask(f"/v1/devices?limit=1000{cursor}").content
        found += [one["device"] for one in page["items"]]
        if page["cursor"] is None:
            break
        cursor = f"&cursor={page['cursor']}"

    assert (len(found), sorted(set(found))) == (2_503, found)


def test_spark_has_a_gap_where_nothing_came(deployment: Deployment) -> None:
    (device,) = deployment.ask("/v1/devices?ids=pump-8&spark=50").content["items"]

    assert device["spark"]["values"] == [190.0] * 10 + [None] * 5 + [195.0] * 35
    assert (device["spark"]["metric"], device["spark"]["size_ms"]) == ("flow_lpm", MINUTE_MS)
    assert device["spark"]["start_ms"] == NEWEST_MS - 49 * MINUTE_MS


def test_device_of_which_nothing_came_for_a_while_is_quiet_and_says_since_when(deployment: Deployment) -> None:
    last_ms = NEWEST_MS - 5 * HOUR_MS
    early = ListedDevice("pump-9", last_ms - 10 * MINUTE_MS, ("flow_lpm",))
    deployment.backend.directory.put([device_entry("acme", early)])
    deployment.backend.windows.put([WindowItem("acme", "pump-9", MINUTE_MS, last_ms, 0, {"flow_lpm": STATS})])

    (device,) = deployment.ask("/v1/devices?ids=pump-9").content["items"]

    assert (device["state"], device["seen_ms"]) == ("quiet", last_ms + MINUTE_MS)


def test_device_page_names_its_metrics_limits_and_what_fires(deployment: Deployment) -> None:
    device = deployment.ask("/v1/devices/pump-7").content

    assert device["metrics"] == [
        {
            "metric": "flow_lpm",
            "unit": "l/min",
            "sizes_ms": [MINUTE_MS, HOUR_MS],
            "range_low": None,
            "range_high": None,
            "limits": [{"rule": "flow_low", "severity": "warning", "above": None, "below": 150.0}],
        }
    ]
    assert [one["id"] for one in device["firing"]] == ["00000000000000f1-1"]
    assert deployment.ask("/v1/devices/pump-77").status == 404
    assert deployment.ask("/v1/devices/pump").status == 404  # the beginning of an id is none


def test_late_readings_alone_are_no_newest_value(deployment: Deployment) -> None:
    deployment.put_windows("pump-7", [1.0], revision=1)

    (device,) = deployment.ask("/v1/devices?ids=pump-7").content["items"]

    assert [one["value"] for one in device["values"]] == [204.0]


def test_device_page_has_the_newest_value_of_metrics_that_come_rarely(deployment: Deployment) -> None:
    rare = WindowItem("acme", "pump-7", MINUTE_MS, NEWEST_MS - 20 * MINUTE_MS, 0, {"battery_volt": STATS})
    deployment.backend.windows.put([rare])

    values = deployment.ask("/v1/devices/pump-7").content["values"]

    assert [(one["metric"], one["at_ms"]) for one in values] == [
        ("battery_volt", NEWEST_MS - 20 * MINUTE_MS),
        ("flow_lpm", NEWEST_MS),
    ]


@pytest.mark.parametrize(
    "query", ["state=odd", "ids=a%20b", "limit=1001", "spark=61", "cursor=x", "ids=" + ",".join(map(str, range(201)))]
)
def test_list_that_cannot_be_is_refused(deployment: Deployment, query: str) -> None:
    assert deployment.ask(f"/v1/devices?{query}").status == 400


def test_fleet_counts_devices_alerts_and_groups(deployment: Deployment) -> None:
    fleet = deployment.ask("/v1/fleet").content

    assert fleet["devices"] == {"total": 3, "ok": 2, "quiet": 0, "info": 0, "warning": 1, "critical": 0}
    assert fleet["alerts"] == {"firing": 1, "info": 0, "warning": 1, "critical": 0, "acknowledged": 0, "silenced": 0}
    assert [(one["name"], one["devices"]["total"]) for one in fleet["groups"]] == [("north", 2), ("south", 1)]
    assert [one["device"] for one in fleet["worst"]] == ["pump-7"]
    assert fleet["newest_ms"] == NEWEST_MS + MINUTE_MS
    by_type = deployment.ask("/v1/fleet?group_by=device_type").content["groups"]
    assert [one["name"] for one in by_type] == ["fan", "pump"]


def test_fleet_tells_of_what_people_did(deployment: Deployment) -> None:
    body = {"kind": "acknowledge"}
    deployment.ask("/v1/alerts/00000000000000f1-1/actions", method="POST", body=body)
    deployment.ask("/v1/silences", method="POST", body={"device": "pump-7", "for_ms": HOUR_MS})

    alerts = deployment.ask("/v1/fleet").content["alerts"]

    assert (alerts["acknowledged"], alerts["silenced"]) == (1, 1)


def test_worst_device_comes_first_and_no_more_than_twenty() -> None:
    deployment = Deployment()
    for number in range(30):
        deployment.put_windows(f"pump-{number}", [200.0])
        severity = Severity.CRITICAL if number == 17 else Severity.WARNING
        deployment.put_alert(fired(device=f"pump-{number}", fingerprint=f"{number:016x}", severity=severity))

    worst = deployment.ask("/v1/fleet").content["worst"]

    assert (worst[0]["device"], worst[0]["state"], len(worst)) == ("pump-17", "critical", 20)


def test_cohort_has_the_quantiles_of_a_type() -> None:
    deployment = Deployment()
    for number in range(11):
        deployment.put_windows(f"pump-{number:02d}", [200.0 + number])
    deployment.put_windows("fan-1", [5.0])

    cohorts = deployment.ask("/v1/fleet").content["cohorts"]

    pumps = next(one for one in cohorts if one["device_type"] == "pump")
    assert (pumps["devices"], pumps["min"], pumps["p10"], pumps["p50"], pumps["p90"], pumps["max"]) == (
        11,
        200.0,
        201.0,
        205.0,
        209.0,
        210.0,
    )


def test_nothing_of_another_tenant_shows() -> None:
    deployment = filled()

    other = deployment.ask("/v1/fleet", tenant="other").content
    nobody = deployment.ask("/v1/fleet", tenant="nobody").content

    assert (other["devices"]["total"], other["alerts"]["critical"], nobody["devices"]["total"]) == (1, 1, 0)
    assert nobody["newest_ms"] is None
    assert deployment.ask("/v1/devices/pump-8", tenant="other").status == 404
    assert deployment.ask("/v1/alerts/00000000000000f1", tenant="other").status == 404
    means = deployment.ask("/v1/series?device=pump-8&metric=flow_lpm", tenant="other").content["columns"]["mean"]
    assert set(means) == {None}

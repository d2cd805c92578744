"""A plan in words."""

from tests.core.plan_specimens import FULL
from tocsin.core.plan.explain import explain_plan
from tocsin.core.plan.model import plan_hash
from tocsin.core.plan.source import default_plan


def test_a_plan_is_said_in_words() -> None:
    assert explain_plan(FULL).splitlines() == [
        f"plan {plan_hash(FULL)}, generation 3, 8 key groups",
        "",
        "metrics (the first that matches counts)",
        "  *_celsius: windows 1m, 15m every 5m; slices of 1m; quantiles 0.5, 0.99; sensor shows -40 to 125; in °C",
        "  *: windows 1m; slices of 1m",
        "",
        "rules (9)",
        "  hot (limits, info): air_celsius of devices n-* of type pump in windows of 15m: max above 80 or below -5,"
        " warning above 90, warning below -10, critical above 100, critical below -20, clears 2 inside, for 5m,"
        " clears after 10m",
        "  fast (rate_of_change, warning): air_celsius: rises faster than 2 a second or falls faster than 1 a second",
        "  flat (flatline, warning): every metric: does not move by more than 0.5 for 1h, unless it stands at 0, -1",
        "  gone (missing, warning): every metric: silent for 4 usual intervals, at least 1m",
        "  odd (adaptive, warning): every metric: alert score reaches 4.5 in three windows, or 6 in one,"
        " only in mode running, never in mode shift, learned apart in mode shift, running",
        "  joint (multivariate, warning): each device: its metrics together reach a score of 3",
        "  times (quality, warning): each device: times that are off by 2m or more",
        "  level (drift, warning): every metric: deviations from its level beyond 0.5 a window sum up to 30;"
        " what lasts longer than 2d is the new level, learned apart in mode running",
        "  apart (peers, warning): every metric: further than 6 robust deviations and 0.5 from at least 4 of its type,"
        " judged 3m after the window's end",
        "",
        "modes",
        "  running: speed_rpm above 100 and below 900, settles for 5m",
        "  shift: mon from 06:00 until 22:00 Europe/Berlin",
        "",
        "timing",
        "  a window closes 15s after its end in the device's own time, or 1m after it where the device is silent",
        "  late data revises a window for 1h",
        "  readings of 1m ahead of their arrival are rejected, and those of 2d before it",
        "  ticks come every 30s",
        "  up to 2 slices of a metric are open at once, 140 bytes",
        "",
        "notifications",
        "  together by tenant, rule, severity; the first is told after 10s, the next after 5m",
        "  from severity warning on; resolutions are not told",
        "  what keeps firing is told again every 4h",
        "  3 or more devices behind a gateway, silent together, are told as one after 1m",
        "  while a gateway or a site is out, new alerts behind it are muted, and told later if they last",
        "  what fires 7 times within 2h flaps: told once, then held for 10m",
        "  at most 60 notifications of a tenant within 30m, then a summary of the rest",
        "  silence night (Wartung): site Werk Süd, gateway gw-1, device n-*, metric air_celsius, rule hot, kind limits,"
        " severity warning, sat, sun from 22:00 until 06:00 Europe/Berlin, since 2026-11-01T00:00:00Z,"
        " before 2026-12-01T00:00:00+01:00",
        "  maintenance sundays: site Werk Süd, every day from 02:00 until 04:00 UTC",
        "  escalation second: what nobody acknowledges of tenant acme, site Werk Süd, gateway gw-1, device n-*,"
        " metric air_celsius, rule hot, kind limits, severity critical, 15m after it was told",
        "  route bad: tenant acme, site Werk*, kind *_missing, escalation second, severity critical to hook (webhook)",
        "  route again: state firing, change escalated to hook (webhook)",
        "",
        "devices known beforehand: 1 entry",
        "source plant: tenant acme, json",
    ]


def test_what_the_default_plan_leaves_open_is_said_too() -> None:
    text = explain_plan(default_plan())

    assert "devices known beforehand: 0 entries" in text
    assert "device_missing (missing, warning): each device: silent for 10 usual intervals" in text
    assert "the first is told at once" in text
    assert "revises" not in text

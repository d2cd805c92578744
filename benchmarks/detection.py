"""How good our detectors are, and others on the same series: one table a family of labelled series.

Run: ``make peers`` once for the others' scores, then ``python -m benchmarks.detection``. Every detector is shown at the
threshold that is best for it on these very series, ours at the shipped threshold as well. "Staged" is the same score
under our alert stage. The interval holds 90 % of 1,000 draws of the series with replacement, at that threshold.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np

from anomaly.detectors.adaptive import Adaptive
from anomaly.detectors.multivariate import Multivariate
from benchmarks import ablations, detection_adaptor
from benchmarks.labelled import (
    DATA,
    SCORER,
    Family,
    Scored,
    load_family,
    run_multivariate,
    run_univariate,
    staged,
    timed,
)
from benchmarks.table import print_table

PEERS: Final = Path("out") / "peers"
DRAWS: Final = 1_000
RECALL: Final = 0.88
"""Recall of events at which false alarms are compared."""

NAB_HEAD: Final = (
    "detector",
    "standard",
    "90 %",
    "low FP",
    "low FN",
    "found",
    "false/1000",
    "at recall .88",
    "VUS-PR",
    "staged",
    "us/row",
)
SKAB_HEAD: Final = ("detector", "F1", "90 %", "F1 of alert", "VUS-PR", "changepoint", "found", "false/1000", "us/row")
Row = tuple[str, ...]


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", choices=("nab", "skab"), help="only this one")
    parser.add_argument("--no-ablations", action="store_true", help="leave out our detectors with a part taken out")
    chosen = parser.parse_args()
    if not DATA.is_dir() or not SCORER.is_file():
        sys.exit("detection: no labelled series or no scorer: set TOCSIN_DATA and TOCSIN_SCORER")
    for name, table in (("nab", _nab), ("skab", _skab)):
        if chosen.family in {None, name}:
            table(load_family(name), not chosen.no_ablations)


def _nab(family: Family, with_ablations: bool) -> None:
    took_us = timed(family, detection_adaptor.Univariate, process_time, series=6)
    ours = run_univariate(family, Adaptive())
    threshold = detection_adaptor.THRESHOLD
    rows = [
        nab_row(family, f"adaptive at {threshold}, as shipped", ours, took_us, threshold=threshold),
        nab_row(family, "adaptive", ours, took_us),
        nab_row(family, "an alarm every 500 rows", _clock(family), None),
    ]
    rows += [nab_row(family, name, scored, us) for name, scored, us in _peers(family)]
    print_table(f"{len(family.series)} series of the Numenta benchmark", NAB_HEAD, rows)
    if with_ablations:
        rows = [rows[1]]
        for name, switches in ablations.UNIVARIATE.items():
            with ablations.switched(switches):
                scored = run_univariate(family, Adaptive())
            rows.append(nab_row(family, name, scored, None))
        print_table("The adaptive detector with one part taken out", NAB_HEAD, rows)


def nab_row(family: Family, name: str, scored: Scored, took_us: float | None, *, threshold: float | None = None) -> Row:
    """Return the cells of a detector, at its best threshold if none is given."""
    report = _report(family, scored, threshold)
    at = report["threshold"]
    suffix = "" if threshold is None else "_fixed"
    profiles = [f"{report[f'nab_{profile}{suffix}']:.1f}" for profile in ("standard", "low_fp", "low_fn")]
    low, high = _interval(_nab_draws(family, scored, at), len(family.series))
    best = _report(family, staged(family, scored), None)["nab_standard"] if threshold is None else None
    return (
        name,
        profiles[0],
        f"{low:.0f} to {high:.0f}",
        *profiles[1:],
        f"{report['found']} of {report['windows']}",
        f"{report['false_alarms_per_1000_rows']:.2f}",
        _false_at_recall(family, scored),
        f"{report['vus_pr']:.2f}",
        "" if best is None else f"{best:.1f}",
        "" if took_us is None else f"{took_us:.0f}",
    )


def _skab(family: Family, with_ablations: bool) -> None:
    took_us = timed(family, detection_adaptor.Multivariate, process_time, series=6)
    ours = run_multivariate(family, Multivariate())
    threshold = detection_adaptor.THRESHOLD_MULTIVARIATE
    rows = [
        skab_row(family, f"multivariate at {threshold}, as shipped", ours, took_us, threshold=threshold),
        skab_row(family, "multivariate", ours, took_us),
        skab_row(family, "always on", {name: (score * 0.0 + 1.0,) * 2 for name, (score, _) in ours.items()}, None),
    ]
    rows += [skab_row(family, name, scored, us) for name, scored, us in _peers(family)]
    print_table(f"{len(family.series)} series of the Skoltech benchmark", SKAB_HEAD, rows)
    if with_ablations:
        rows = [rows[0]]
        for name, switches in ablations.MULTIVARIATE.items():
            with ablations.switched(switches):
                scored = run_multivariate(family, Multivariate())
            rows.append(skab_row(family, name, scored, None, threshold=threshold))
        print_table("The multivariate detector with one part taken out, at the shipped threshold", SKAB_HEAD, rows)


def skab_row(
    family: Family, name: str, scored: Scored, took_us: float | None, *, threshold: float | None = None
) -> Row:
    """Return the cells of a detector, at its best threshold if none is given."""
    at = _best_f1(family, scored) if threshold is None else threshold
    report = _report(family, scored, at)
    low, high = _interval(_f1_draws(family, scored, at), len(family.series))
    return (
        name,
        f"{_f1(_counts(family, scored, at, alert=False)):.2f}",
        f"{low:.2f} to {high:.2f}",
        f"{report['point_f1']:.2f}",
        f"{report['vus_pr']:.2f}",
        f"{report['cp_nab_standard']:.1f}",
        f"{report['found']} of {report['windows']}",
        f"{report['false_alarms_per_1000_rows']:.2f}",
        "" if took_us is None else f"{took_us:.0f}",
    )


def _report(family: Family, scored: Scored, threshold: float | None) -> dict[str, Any]:
    report: dict[str, Any] = family.scorer.evaluate(family.meta, family.series, scored, threshold, 100, True)
    return report


def _clock(family: Family) -> Scored:
    """Return an alarm every 500 rows, whatever the values."""
    alarms = {name: (np.arange(about["rows"]) % 500 == 0).astype(float) for name, about in family.series.items()}
    return {name: (alarm, alarm) for name, alarm in alarms.items()}


def _peers(family: Family) -> Iterator[tuple[str, Scored, float]]:
    """Yield the others whose scores are kept: name, scores, microseconds a row."""
    for path in sorted((PEERS / family.name).glob("*.npz")):
        with np.load(path) as kept:
            scored = {name: (kept[name], kept[name]) for name in family.series}
            yield path.stem, scored, float(kept["us_per_row"])


def _false_at_recall(family: Family, scored: Scored) -> str:
    """Return the fewest false alarms per 1,000 rows of any threshold that finds enough of the events."""
    alerts = np.concatenate([alert for _, alert in scored.values()])
    infos = [family.series[name] for name in sorted(family.series)]
    items = [(scored[n][1], family.series[n]["windows"], family.series[n]["probation"]) for n in sorted(family.series)]
    found = []
    for threshold in np.unique(np.quantile(alerts[alerts > alerts.min()], 1.0 - np.geomspace(1e-5, 0.5, 300))):
        report = family.scorer.event_report(items, infos, float(threshold))
        if report["event_recall"] >= RECALL:
            found.append(report["false_alarms_per_1000_rows"])
    return f"{min(found):.2f}" if found else "-"


def _nab_draws(family: Family, scored: Scored, threshold: float) -> Callable[[np.ndarray[Any, Any]], float]:
    """Return the standard score of a draw of the series."""
    worth, windows = [], []
    for name, about in sorted(family.series.items()):
        corpus = family.scorer.NabCorpus([(scored[name][1], about["windows"], about["probation"])])
        place = int(np.searchsorted(-corpus.s, -threshold, side="right")) - 1
        worth.append(corpus.n_windows + (corpus.raw("standard")[place] if place >= 0 else -corpus.n_windows))
        windows.append(corpus.n_windows)
    return lambda draw: float(100.0 * np.array(worth)[draw].sum() / max(2.0 * np.array(windows)[draw].sum(), 1.0))


def _counts(family: Family, scored: Scored, threshold: float, *, alert: bool) -> np.ndarray[Any, Any]:
    """Return true positives, false positives and false negatives of each series; shape (series, 3)."""
    counts = [
        family.scorer.point_counts([(scored[name][int(alert)], about["windows"], about["probation"])], threshold)[:3]
        for name, about in sorted(family.series.items())
    ]
    return np.array(counts)


def _f1(counts: np.ndarray[Any, Any]) -> float:
    right, false, missed = counts.sum(axis=0)
    return float(2.0 * right / max(2.0 * right + false + missed, 1.0))


def _f1_draws(family: Family, scored: Scored, threshold: float) -> Callable[[np.ndarray[Any, Any]], float]:
    counts = _counts(family, scored, threshold, alert=False)
    return lambda draw: _f1(counts[draw])


def _best_f1(family: Family, scored: Scored) -> float:
    series = sorted(family.series.items())
    items = [(scored[name][0], about["windows"], about["probation"]) for name, about in series]
    return float(family.scorer.best_point_f1(items)[1])


def _interval(figure: Callable[[np.ndarray[Any, Any]], float], series: int) -> tuple[float, float]:
    """Return the ends that hold the middle 90 % of the figure over draws of the series."""
    random = np.random.default_rng(5)
    figures = [figure(random.integers(0, series, series)) for _ in range(DRAWS)]
    low, high = np.quantile(figures, [0.05, 0.95])
    return float(low), float(high)


if __name__ == "__main__":
    main()

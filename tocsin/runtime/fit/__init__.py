"""What a recording says a plan should say: limits, ranges, cadences, cohorts, daily profiles. Offline, with scipy."""

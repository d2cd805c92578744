"""Runtime: event source mappings, schedules, recordings and replay on one machine."""

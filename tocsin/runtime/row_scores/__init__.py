"""How good scores of single rows are, against labelled windows: the measures that detectors are published with."""

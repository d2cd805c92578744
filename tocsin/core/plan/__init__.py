"""Plan: what a deployment wants, from YAML to a hashed document."""

"""Infra: the topology and its packaging."""

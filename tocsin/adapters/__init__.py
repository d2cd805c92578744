"""Adapters: the ports of tocsin.core on something real."""

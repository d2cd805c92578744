"""Devices: the physics of each type, from surroundings and chance to true values."""
